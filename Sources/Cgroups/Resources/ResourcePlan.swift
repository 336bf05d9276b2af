import Bytes
public import Errors
public import OCI

/// What `linux.resources` comes to in this host's files. Made before anything is changed: whatever can be refused without asking
/// the kernel is refused here.
public struct ResourcePlan: Sendable {
    /// What is done before a process is in the cgroup, in order.
    public private(set) var steps: [CgroupStep] = []

    /// What would bind the program that makes the container too: done once that has made its last process. `pids.limit` 0 or 1
    /// would let none be made.
    public private(set) var lateSteps: [CgroupStep] = []

    /// The v2 controllers that the steps need.
    public private(set) var unifiedControllers: ControllerSet = []

    let context: PlanContext

    /// Checks and converts resources; throws what they ask for and can't have, with the JSON pointer of the property.
    ///
    /// `locations` says where this host has its controllers: `CgroupHost.controllers` for a new cgroup, `Cgroup.controllers` for
    /// one that exists. `devices` is false for an update, which leaves the device rules as they are. `base` is the resources'
    /// place in their document.
    public init(
        _ resources: Resources, locations: ControllerLocations, access: Cgroup.Access = .required, devices: Bool = true,
        base: String = "/linux/resources"
    ) throws(RuntimeError) {
        context = PlanContext(base: base, locations: locations, access: access)
        if devices { try planDevices(resources.devices) }
        let context = context
        if let memory = resources.memory {
            try add(.memory, "memory", v1: V1.memory(memory), v2: try V2.memory(memory, context))
        }
        if let cpu = resources.cpu {
            try add(.cpuset, "cpu", cpusetSteps(cpu))
            try add(.cpu, "cpu", v1: try V1.cpu(cpu, context), v2: try V2.cpu(cpu, context))
        }
        if let blockIO = resources.blockIO {
            try add(.blkio, "blockIO", v1: V1.blockIO(blockIO), v2: try V2.blockIO(blockIO, context))
        }
        let hugepages = resources.hugepageLimits
        try add(.hugetlb, "hugepageLimits", v1: V1.hugetlb(hugepages), v2: V2.hugetlb(hugepages))
        if let network = resources.network {
            // v2 hasn't got these two controllers at all.
            try add(.netCls, "network/classID", V1.networkClass(network))
            try add(.netPrio, "network/priorities", V1.networkPriorities(network))
        }
        try add(.rdma, "rdma", rdmaSteps(resources.rdma))
        if let limit = resources.pidsLimit { try add(.pids, "pids/limit", pidsSteps(limit), late: true) }
        steps += try unifiedSteps(resources.unified, context)
        for entry in resources.unified { unifiedControllers.formUnion(unifiedController(of: entry.file.text)) }
    }

    /// The files that are written and what goes there, in words.
    public var lines: [String] { (steps + lateSteps).flatMap { $0.lines } }

    /// Steps that are the same in both versions.
    private mutating func add(_ controller: Controller, _ name: StaticString, _ found: [CgroupStep], late: Bool = false)
        throws(RuntimeError)
    {
        guard !found.isEmpty else { return }
        switch context.locations.version(of: controller) {
        case .v1: break
        case .v2: unifiedControllers.formUnion(ControllerSet(controller))
        case nil: throw context.missing(controller, PropertyName(name))
        }
        if late { lateSteps += found } else { steps += found }
    }

    private mutating func add(
        _ controller: Controller, _ name: StaticString, v1: @autoclosure () throws(RuntimeError) -> [CgroupStep],
        v2: @autoclosure () throws(RuntimeError) -> [CgroupStep]
    ) throws(RuntimeError) {
        try add(controller, name, context.locations.version(of: controller) == .v2 ? try v2() : try v1())
    }

    private mutating func planDevices(_ rules: [Resources.DeviceRule]) throws(RuntimeError) {
        let list = DeviceRules.complete(rules)
        switch context.locations.version(of: .devices) {
        case .v1: steps.append(.deviceLines(try DeviceLine.lines(for: list, context)))
        case .v2: steps.append(.deviceProgram(DeviceProgram.instructions(for: list)))
        // A user namespace's root can't make device nodes, and sees only those that it was given.
        case nil: if context.access == .required { throw context.missing(.devices, PropertyName("devices")) }
        }
    }
}

/// What every conversion needs to know.
struct PlanContext: Sendable {
    let base: String
    let locations: ControllerLocations
    let access: Cgroup.Access

    func invalid(_ property: PropertyName, _ sentence: String, hint: String? = nil) -> RuntimeError {
        RuntimeError(.invalidConfig, sentence, pointer: property.pointer(base), hint: hint)
    }

    /// The property means something that cgroup v2 hasn't got.
    func notInV2(_ property: PropertyName, hint: String? = nil) -> RuntimeError {
        RuntimeError(.unsupported, "cgroup v2 has no such setting", pointer: property.pointer(base), hint: hint)
    }

    func withoutV2(_ property: PropertyName) -> RuntimeError {
        RuntimeError(
            .unsupported, "this host has no cgroup v2", pointer: property.pointer(base),
            hint: "use the properties memory, cpu, pids and so on, which work on both versions")
    }

    func missing(_ controller: Controller, _ property: PropertyName) -> RuntimeError {
        RuntimeError(
            .unsupported, "this host has no " + controller.name.description + " controller in its cgroups",
            pointer: property.pointer(base),
            hint: access == .required
                ? "mount it below /sys/fs/cgroup, or remove the limit"
                : "only root and users to whom a cgroup with it was delegated can set this limit; remove it otherwise")
    }
}

/// The conversions to cgroup v1's files.
enum V1 {}

/// The conversions to cgroup v2's files.
enum V2 {}
