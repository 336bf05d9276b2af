import Bytes
import Errors
import Linux
import OCI

extension Process {
    /// Sets the score that was configured, if it isn't the process's own already.
    ///
    /// `folder`: that of the process in `procfs`. Once it may not be traced any more its files are root's, and no other user may write them.
    func setOOMScore(of folder: ByteString, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard let score = oomScoreAdj else { return }
        step(.setOOMScore)
        let file = folder + "/oom_score_adj"
        try explaining(
            .process, "can't be set to " + String(score), pointer: "/process/oomScoreAdj", path: "/proc/" + file,
            hint: "a value below the runtime's own needs CAP_SYS_RESOURCE"
        ) { () throws(SystemError) in
            // Docker asks for 0 where it means "as it is": what is so already needs no right.
            let current = try procfs.read(file).split(separator: UInt8(ascii: "\n")).first ?? []
            guard ByteString(current).decimal(as: Int32.self) != score else { return }
            try procfs.write(file, ByteString(decimal: score).bytes)
        }
    }
}
