public import Bytes
import Cgroups
public import Errors
import Linux
import OCI

/// Freezes all processes of a container. A container that is created but not yet started can be paused too, as with runc.
public func pauseContainer(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) {
    let directory = try ContainerDirectory.require(id, settings)
    try directory.lockForChange()
    let record = try directory.requireRecord()
    switch try ContainerStatus(record, in: directory, procfs: try hostProcFileSystem(), isLockedByUs: true).status {
    case .created, .running: break
    case .creating, .stopped: throw RuntimeError(.wrongState, "container not running")
    case .paused: throw RuntimeError(.wrongState, "container not running: it is paused already")
    }
    let cgroup = try record.requireCgroup("paused")
    do throws(RuntimeError) {
        try cgroup.freeze()
    } catch  where error.errno == .ETIMEDOUT {
        throw RuntimeError(
            .timeout, "the container's processes haven't all stopped within 2 seconds, so they run again",
            hint: "try again: a process that waits for a disk, a network file system or the end of vfork(2) can't be stopped")
    }
}

/// Thaws all processes of a paused container.
public func resumeContainer(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) {
    let directory = try ContainerDirectory.require(id, settings)
    try directory.lockForChange()
    let record = try directory.requireRecord()
    let status = try ContainerStatus(record, in: directory, procfs: try hostProcFileSystem(), isLockedByUs: true).status
    guard status == .paused else { throw RuntimeError(.wrongState, "container not paused") }
    try record.requireCgroup("resumed").thaw()
}
