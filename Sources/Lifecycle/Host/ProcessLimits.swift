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
