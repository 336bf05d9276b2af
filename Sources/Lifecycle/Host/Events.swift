public import Bytes
public import Cgroups
public import Errors
import Linux
import OCI

/// What `events` tells.
public enum ContainerEvent: Sendable {
    case statistics(CgroupStatistics)
    /// The kernel has killed a process since the container was out of memory.
    case outOfMemory

    /// On one line, as runc writes it.
    public func json(id: ByteString) -> [UInt8] {
        var json = JSONWriter(.compact)
        json.object { json in
            switch self {
            case .statistics(let statistics):
                json.member("type", "stats" as StaticString)
                json.member("id", id)
                json.object("data") { statistics.write(to: &$0) }
            case .outOfMemory:
                json.member("type", "oom" as StaticString)
                json.member("id", id)
            }
        }
        return json.bytes
    }
}

/// What a container that hasn't stopped has used so far.
public func containerStatistics(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> ContainerEvent {
    let (_, cgroup) = try observed(id, settings)
    return .statistics(try cgroup.statistics())
}

/// Reports what a container has used, at every interval of so many milliseconds, and each time it's out of memory, until its first
/// process has ended. The first report comes after one interval.
public func followEvents(
    id: ByteString, interval milliseconds: Int, _ settings: GlobalSettings,
    _ report: (ContainerEvent) throws(RuntimeError) -> Void
) throws(RuntimeError) {
    let (record, cgroup) = try observed(id, settings)
    // Before the look at the process: what happens to it from there on is seen.
    let watch = try cgroup.watchOutOfMemory()
    guard let process = try record.process(hostProcFileSystem()) else { return }
    var deadline = Deadline(milliseconds: milliseconds)
    while true {
        var requests = [
            PollRequest(process.descriptor.rawValue, .readable), watch?.pollRequest ?? PollRequest(nil, []),
        ]
        _ = try? PollRequest.wait(for: &requests, milliseconds: deadline.millisecondsLeft)
        let hasEnded = !requests[0].answer.isEmpty
        // Its end may be what the kernel did about the memory.
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
            guard let statistics = current(cgroup, process, settings) else { continue }
            try report(.statistics(statistics))
        }
    }
}

/// Nil where the cgroup can't be read: no news when the container is ending, and else no reason to end the report.
private func current(_ cgroup: Cgroup, _ process: borrowing ProcessHandle, _ settings: GlobalSettings) -> CgroupStatistics? {
    do throws(RuntimeError) {
        return try cgroup.statistics()
    } catch {
        if !process.waitForEnd(milliseconds: 0) { settings.log.warn(error.message) }
        return nil
    }
}

private func observed(_ id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> (ContainerRecord, Cgroup) {
    let directory = try ContainerDirectory.require(id, settings)
    let record = try directory.requireRecord()
    switch try ContainerStatus(record, in: directory, procfs: try hostProcFileSystem()).status {
    case .created, .running, .paused: break
    case .creating, .stopped:
        throw RuntimeError(.wrongState, "container with id " + id.displayText + " is not running")
    }
    return (record, try record.requireCgroup("measured"))
}
