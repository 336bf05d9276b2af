import Bytes
import CLinux
import Errors
import Linux
import OCI

/// What Host sets on a container's process from outside, and last: earlier it would bind our own code.
struct ProcessLimits {
    let pid: Int32
    let process: Process

    func apply(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        try process.setOOMScore(of: ByteString(decimal: pid), procfs)
        try setResourceLimits()
    }

    private func setResourceLimits() throws(RuntimeError) {
        step("set resource limits")
        for (index, configured) in process.rlimits.enumerated() {
            guard let limit = configured.asSetByHost else { continue }
            guard c_prlimit(pid, limit.resource.rawValue, limit.soft, limit.hard) == 0 else {
                throw RuntimeError(
                    .process, "the resource limit can't be set", .last("prlimit"), pointer: "/process/rlimits/" + String(index),
                    hint: c_errno() == EPERM ? "a hard limit above the runtime's own needs CAP_SYS_RESOURCE" : nil)
            }
        }
    }
}

extension ResourceLimit {
    /// Open files that our own code may still need in the container's process.
    private static let ownFiles: UInt64 = 64

    /// Whether it would leave our own code no descriptor: then it's lowered last, by the process itself.
    var isTooLowForUs: Bool { resource == .nofile && soft < ResourceLimit.ownFiles }

    /// nil where there's nothing that only Host could do.
    var asSetByHost: ResourceLimit? {
        guard isTooLowForUs else { return self }
        guard hard >= ResourceLimit.ownFiles else { return nil }
        var limit = self
        limit.soft = ResourceLimit.ownFiles
        return limit
    }
}

extension Process {
    /// Sets the score that was configured, if it isn't the process's own already.
    ///
    /// `folder`: that of the process in `procfs`. Once it may not be traced any more its files are root's, and no other user may write them.
    func setOOMScore(of folder: ByteString, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard let score = oomScoreAdj else { return }
        step("set oom_score_adj")
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
