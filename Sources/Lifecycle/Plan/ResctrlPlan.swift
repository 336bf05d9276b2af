import Bytes
import Errors
import OCI

/// The resctrl group that a container's processes enter: config-linux.md, "IntelRdt".
struct ResctrlPlan: Sendable {
    /// The group's name: `closID`, or else the container's id. "/" is the default group.
    let group: ByteString
    /// Whether the group is the container's own, because the configuration names none.
    let isOwn: Bool
    /// The lines to write, in the order in which the specification wants them, and where they stand in the configuration.
    let schemata: [(line: ByteString, pointer: String)]
    /// The name of the monitoring group. nil if there is to be none.
    let monitoring: ByteString?

    init(_ rdt: IntelRdt, id: ByteString) {
        group = rdt.closID ?? id
        isOwn = rdt.closID == nil
        var lines: [(line: ByteString, pointer: String)] = []
        if let line = rdt.l3CacheSchema { lines.append((line, "/linux/intelRdt/l3CacheSchema")) }
        if let line = rdt.memBwSchema { lines.append((line, "/linux/intelRdt/memBwSchema")) }
        for (index, line) in rdt.schemata.enumerated() { lines.append((line, "/linux/intelRdt/schemata/" + String(index))) }
        schemata = lines
        monitoring = rdt.enableMonitoring ? id : nil
    }

    /// Refuses a container with a resctrl group: `restore` doesn't place the processes that criu makes.
    func checkRestorable() throws(RuntimeError) {
        throw RuntimeError(
            .unsupported, "a container with a resctrl group can't be checkpointed or restored", pointer: "/linux/intelRdt")
    }
}
