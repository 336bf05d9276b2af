public import Bytes
public import Errors
import Linux
public import OCI

/// The state of a container. Source: runtime.md, "State".
public func containerState(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> ContainerState {
    DescriptorClosing.gatherReferences()
    let directory = try ContainerDirectory.require(id, settings)
    let record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    let status = try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: false)
    var state = status.state
    if status.status == .stopped { state.end = status.record.end(procfs) }
    DescriptorClosing.leaveToExit()
    return state
}

/// The states of all containers in the state directory, in the order of their ids.
///
/// Containers that are deleted meanwhile are left out. Damaged ones are left out with a warning. One that can't be read at the
/// moment is an error, because it may be running.
public func listContainers(_ settings: GlobalSettings) throws(RuntimeError) -> [ContainerState] {
    guard let root = try StateRoot.open(settings.root) else { return [] }
    let procfs = try hostProcFileSystem()
    var users = UserNames()
    var states: [ContainerState] = []
    for id in try root.containers() {
        guard let directory = try ContainerDirectory.open(id, in: root) else { continue }
        do throws(RuntimeError) {
            guard let record = try directory.record() else { continue }
            var state = try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: false).state
            state.owner = users.name(of: record.owner)
            states.append(state)
        } catch  where error.code == .corruptState {
            settings.log.warn(error.message)
        }
    }
    return states
}

/// The host's /etc/passwd, read once.
private struct UserNames {
    private let lines: [ByteString]
    /// The last answer. Most often all containers are one user's.
    private var last: (uid: UInt32, name: ByteString)?

    init() {
        let text = (try? FileDescriptor.open("/etc/passwd", flags: .readOnly).readAll(limit: 16 << 20)) ?? []
        lines = text.split(separator: UInt8(ascii: "\n")).map { ByteString($0) }
    }

    /// The name of a user, or the number as text if the user has no name.
    mutating func name(of uid: UInt32) -> ByteString {
        if let last, last.uid == uid { return last.name }
        let name = find(ByteString(decimal: uid))
        last = (uid, name)
        return name
    }

    private func find(_ number: ByteString) -> ByteString {
        for line in lines {
            let fields = line.split(separator: UInt8(ascii: ":"))
            if fields.count > 2, fields[2] == number { return fields[0] }
        }
        return number
    }
}
