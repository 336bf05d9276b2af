import Bytes
import Errors
import Linux
import OCI

/// The OOM score and resource limits of a container's process. Host sets them from outside and late, because they would also
/// apply to our own code in that process.
struct ProcessLimits {
    let pid: Int32
    let process: Process

    func apply(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        try process.setOOMScore(of: ByteString(decimal: pid), procfs)
        try setResourceLimits()
    }

    private func setResourceLimits() throws(RuntimeError) {
        step(.setResourceLimits)
        for (index, configured) in process.rlimits.enumerated() {
            guard let limit = configured.asSetByHost else { continue }
            do throws(SystemError) {
                try OwnProcess.setLimit(of: pid, limit.resource.rawValue, soft: limit.soft, hard: limit.hard)
            } catch {
                throw RuntimeError(
                    .process, "the resource limit can't be set", error, pointer: "/process/rlimits/" + String(index),
                    hint: error.errno == .EPERM ? "a hard limit above the runtime's own needs CAP_SYS_RESOURCE" : nil)
            }
        }
    }
}
