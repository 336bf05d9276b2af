import Bytes
import Cgroups
import Errors
import OCI
import Systemd

/// The unit of systemd's in which the container runs.
struct UnitPlan: Sendable {
    /// The manager that has the unit.
    enum Owner: Sendable {
        /// The system's manager, for root.
        case system
        /// The manager of the user who calls.
        case user
    }

    let placement: UnitPlacement
    let owner: Owner
    /// The path of the container's cgroup below the unit's; nil if the container has the unit's.
    let subgroup: CgroupSubpath?
    /// The properties that annotations ask for.
    let annotated: [UnitProperty]
    /// The limits, as properties of the unit.
    let limits: [UnitProperty]
    /// The limits that also apply to the container's first process while it prepares the container.
    let lateLimits: [UnitProperty]

    /// Decides the unit's name and properties.
    ///
    /// - Parameters:
    ///   - config: The container's configuration.
    ///   - id: The container's id.
    ///   - isRootless: Whether the unit is the user's.
    ///   - resources: The limits.
    ///   - drivers: The host's device drivers.
    /// - Throws: `invalidConfig` if the cgroup's path or an annotation isn't in the form that systemd needs.
    init(_ config: Config, id: ByteString, isRootless: Bool, _ resources: ResourcePlan, _ drivers: DeviceDrivers)
        throws(RuntimeError)
    {
        let linux = config.linux
        placement = try UnitPlacement(linux.cgroupsPath, id: id, isRootless: isRootless)
        // The slice may have other units, and its cgroup others' processes.
        guard !placement.isSlice else {
            throw RuntimeError(
                .invalidConfig, "the cgroup path names a slice, \"" + placement.unit.displayText + "\", as the container's unit",
                pointer: "/linux/cgroupsPath",
                hint: "give the slice first, and a name for the container's scope: slice:prefix:name")
        }
        subgroup = try CgroupAnnotations.subpath(CgroupAnnotations.subgroup, in: config.annotations)
        annotated = try UnitAnnotations.properties(in: config.annotations)
        owner = isRootless ? .user : .system
        let devices = isRootless ? [] : UnitLimits.properties(forDevices: linux.resources.devices, drivers)
        let late = UnitLimits.properties(for: resources.lateSteps)
        // A call of its own takes systemd some time, so that is left to limits that could be in Init's way.
        let isHarmless = late.allSatisfy { if case .uint64(let number) = $0.value { number >= 64 } else { false } }
        limits = devices + UnitLimits.properties(for: resources.steps) + (isHarmless ? late : [])
        lateLimits = isHarmless ? [] : late
    }

    /// The path of the container's cgroup.
    ///
    /// - Parameter unit: The path of the unit's cgroup.
    /// - Returns: The path.
    func cgroup(below unit: CgroupPath) -> CgroupPath { subgroup.map { unit.appending($0) } ?? unit }

    /// The properties of the new unit, except the late limits.
    ///
    /// - Parameters:
    ///   - description: What systemd shows to people.
    ///   - process: The unit's first process.
    ///   - isUnified: Whether the host has cgroup v2 only.
    /// - Returns: The properties: systemd.scope(5), systemd.resource-control(5).
    func properties(description: ByteString, process: Int32, isUnified: Bool) -> [UnitProperty] {
        // Of two values systemd takes the last one: annotations change neither what identifies the unit, nor its place, nor its
        // limits.
        [
            // Otherwise systemd would start and stop the unit together with others, as at the end of the machine.
            UnitProperty("DefaultDependencies", .boolean(false)),
            // A unit that failed, as after an OOM kill, goes away by itself too.
            UnitProperty("CollectMode", .string("inactive-or-failed")),
        ] + annotated + [
            UnitProperty("Description", .string(description)),
            UnitProperty("Slice", .string(placement.slice)),
            // systemd hands all controllers down to the unit, and leaves the cgroups below it to the container.
            UnitProperty("Delegate", .boolean(true)),
            UnitProperty("PIDs", .uint32s([UInt32(bitPattern: process)])),
            UnitProperty("CPUAccounting", .boolean(true)),
            UnitProperty("MemoryAccounting", .boolean(true)),
            UnitProperty("TasksAccounting", .boolean(true)),
            UnitProperty(isUnified ? "IOAccounting" : "BlockIOAccounting", .boolean(true)),
        ] + limits
    }
}
