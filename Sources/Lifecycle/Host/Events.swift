public import Bytes
public import Cgroups
public import Errors
import Linux
import OCI
public import Resctrl

/// One event that `events` reports.
public enum ContainerEvent: Sendable {
    case statistics(CgroupStatistics, ResctrlStatistics?)
    /// The container was out of memory, and the kernel has killed one of its processes.
    case outOfMemory

    /// The event as one line of JSON, in runc's format.
    public func json(id: ByteString) -> [UInt8] {
        var json = JSONWriter(.compact)
        json.object { json in
            switch self {
            case .statistics(let statistics, let resctrl):
                json.member("type", "stats" as StaticString)
                json.member("id", id)
                json.object("data") { statistics.write(to: &$0) { resctrl?.write(to: &$0) } }
            case .outOfMemory:
                json.member("type", "oom" as StaticString)
                json.member("id", id)
            }
        }
        return json.bytes
    }
}

/// Reads what a container has used so far. It must be created, running or paused.
public func containerStatistics(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> ContainerEvent {
    let (record, cgroup) = try observed(id, settings)
    return .statistics(try cgroup.statistics(), try record.resctrlStatistics())
}

/// Reports at regular intervals what a container has used, and reports each time that it's out of memory, until its first
/// process has ended.
///
/// - Parameters:
///   - id: The container's id.
///   - milliseconds: The interval between two reports of statistics. The first report comes after one interval.
///   - settings: The global options.
///   - report: Called with each event.
/// - Throws: What `report` throws, or an error if the container can't be observed.
public func followEvents(
    id: ByteString, interval milliseconds: Int, _ settings: GlobalSettings,
    _ report: (ContainerEvent) throws(RuntimeError) -> Void
) throws(RuntimeError) {
    let (record, cgroup) = try observed(id, settings)
    // Begun before the process is opened, so that nothing is missed that happens to the process after that.
    let watch = try cgroup.watchOutOfMemory()
    guard let process = try record.process(hostProcFileSystem()) else { return }
    var deadline = Deadline(milliseconds: milliseconds)
    while true {
        var requests = [
            PollRequest(process.descriptor.rawValue, .readable), watch?.pollRequest ?? PollRequest(nil, []),
        ]
        _ = try? PollRequest.wait(for: &requests, milliseconds: deadline.millisecondsLeft)
        let hasEnded = !requests[0].answer.isEmpty
        // The process may have been killed because of the memory: report that before its end is noticed below.
        if let watch, hasEnded || !requests[1].answer.isEmpty {
            for event in watch.take() {
                switch event {
                case .outOfMemory: try report(.outOfMemory)
                case .gone: return
                }
            }
        }
        if hasEnded { return }
        if deadline.isOver {
            deadline = Deadline(milliseconds: milliseconds)
            guard let event = current(record, cgroup, process, settings) else { continue }
            try report(event)
        }
    }
}

/// The statistics, or nil if the cgroup can't be read. That is expected while the container ends; otherwise it's worth a
/// warning, but no reason to stop reporting.
private func current(
    _ record: ContainerRecord, _ cgroup: Cgroup, _ process: borrowing ProcessHandle, _ settings: GlobalSettings
) -> ContainerEvent? {
    do throws(RuntimeError) {
        return .statistics(try cgroup.statistics(), try record.resctrlStatistics())
    } catch {
        if !process.hasEnded() { settings.log.warn(error.message) }
        return nil
    }
}

extension ContainerRecord {
    /// nil if the container has no resctrl group.
    fileprivate func resctrlStatistics() throws(RuntimeError) -> ResctrlStatistics? {
        guard let group = made.resctrl.flatMap({ ResctrlGroup($0) }) else { return nil }
        return try ResctrlStatistics(group)
    }
}

/// The record and the cgroup of a container that is created, running or paused.
private func observed(_ id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> (ContainerRecord, Cgroup) {
    let directory = try ContainerDirectory.require(id, settings)
    let record = try directory.requireRecord()
    switch try ContainerStatus(record, in: directory, procfs: try hostProcFileSystem(), isLockedByUs: false).status {
    case .created, .running, .paused: break
    case .creating, .stopped:
        throw RuntimeError(.wrongState, "container with id " + id.displayText + " is not running")
    }
    return (record, try record.requireCgroup("measured"))
}
