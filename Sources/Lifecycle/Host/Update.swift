public import Bytes
import Cgroups
public import Errors
import Linux
public import OCI
import Resctrl

/// Changes the limits of a container that is created, running or paused.
///
/// If a value is refused, the values that were written before it are set back where the kernel allows it.
///
/// Device rules aren't changed: engines send the container's present rules with each update. Other device rules and unknown
/// properties cause a warning.
///
/// - Parameters:
///   - id: The container's id.
///   - resources: The new limits.
///   - schemata: New shares of its resctrl group, a line each.
///   - settings: The global options.
/// - Throws: An error if the container can't be updated, or the kernel refuses a value.
public func updateContainer(id: ByteString, resources: Resources, schemata: [ByteString], _ settings: GlobalSettings)
    throws(RuntimeError)
{
    let directory = try ContainerDirectory.require(id, settings)
    try directory.lockForChange()
    let record = try directory.requireRecord()
    switch try ContainerStatus(record, in: directory, procfs: try hostProcFileSystem(), isLockedByUs: true).status {
    case .created, .running, .paused: break
    case .creating, .stopped: throw RuntimeError(.wrongState, "container not running")
    }
    let cgroup = try record.requireCgroup("updated")
    for warning in Plan.warnings(ofUnknown: resources.unknownProperties) { settings.log.warn(warning) }
    try warnOfDevices(resources, directory, settings)
    var resources = resources
    // In config.json a limit of 0 is a limit. Engines that don't want to change the limit send 0 with an update.
    if resources.pidsLimit?.number == 0 { resources.pidsLimit = nil }
    let plan = try ResourcePlan(resources, locations: try cgroup.controllers(), devices: false, base: "")
    try withSchemata(schemata, of: record) { () throws(RuntimeError) in
        try cgroup.update(plan) { () throws(RuntimeError) in
            guard let unit = record.made.unit else { return }
            try unit.set(UnitLimits.properties(for: plan.steps + plan.lateSteps, writtenTo: cgroup))
        }
    }
    for warning in cgroup.warnings { settings.log.warn(warning) }
}

/// Sets shares of the container's resctrl group and runs `body`. If that fails, the group gets its former shares back.
private func withSchemata(
    _ schemata: [ByteString], of record: ContainerRecord, _ body: () throws(RuntimeError) -> Void
) throws(RuntimeError) {
    guard !schemata.isEmpty else { return try body() }
    guard let group = record.made.resctrl.flatMap({ ResctrlGroup($0) }) else {
        throw RuntimeError(
            .unsupported, "the container has no resctrl group whose schemata could be changed",
            hint: "create the container with linux.intelRdt")
    }
    let former = try group.schemata()
    try group.write(schemata)
    do throws(RuntimeError) {
        try body()
    } catch {
        try? group.write(former)
        throw error
    }
}

private func warnOfDevices(
    _ resources: Resources, _ directory: borrowing ContainerDirectory, _ settings: GlobalSettings
) throws(RuntimeError) {
    guard !resources.devices.isEmpty, try resources.devices != directory.config().linux.resources.devices else { return }
    settings.log.warn("/devices: no effect, since the device rules of a container can't be changed once it is created")
}

/// Reads resources as JSON from a file, or from standard input for "-".
public func readResources(from path: ByteString) throws(RuntimeError) -> Resources {
    try Resources(parsing: try ArgumentFile.read(path, "the file of resources", isInput: path == "-", limit: 4 << 20))
}
