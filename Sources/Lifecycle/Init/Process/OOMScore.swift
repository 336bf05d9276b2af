import Bytes
import Errors
import Linux
import OCI

extension Process {
    /// Sets the configured OOM score of a process, unless the process has this score already. See proc_pid_oom_score_adj(5).
    ///
    /// - Parameters:
    ///   - folder: The folder of the process in `procfs`. If the process is undumpable, its files are root's, and no other user
    ///     may write them.
    ///   - procfs: A procfs that shows the process.
    /// - Throws: An error that names `/process/oomScoreAdj`.
    func setOOMScore(of folder: ByteString, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard let score = oomScoreAdj else { return }
        step(.setOOMScore)
        let file = folder + "/oom_score_adj"
        try explaining(
            .process, "can't be set to " + String(score), pointer: "/process/oomScoreAdj", path: "/proc/" + file,
            hint: "a value below the runtime's own needs CAP_SYS_RESOURCE"
        ) { () throws(SystemError) in
            // Docker asks for 0 when it means "unchanged". A score that the process has already needs no privilege.
            let current = try procfs.read(file).split(separator: UInt8(ascii: "\n")).first ?? []
            guard ByteString(current).decimal(as: Int32.self) != score else { return }
            try procfs.write(file, ByteString(decimal: score).bytes)
        }
    }
}
