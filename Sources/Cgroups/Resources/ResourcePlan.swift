import Bytes
public import Errors
public import OCI

/// The changes to this host's cgroup files that `linux.resources` demands.
///
/// The plan is made before anything is changed. Everything that can be refused without the kernel is refused here.
public struct ResourcePlan: Sendable {
    /// The steps that are done before a process is in the cgroup, in order.
    public private(set) var steps: [CgroupStep] = []

    /// The steps that are done after Init has made its last process, because these limits apply to Init too. With a
    /// `pids.limit` of 0 or 1, Init could make no process.
    public private(set) var lateSteps: [CgroupStep] = []

    /// The v2 controllers that the steps need.
    public private(set) var unifiedControllers: ControllerSet = []

    let context: PlanContext

    /// Checks and converts resources.
    ///
    /// - Parameters:
    ///   - resources: the resources.
    ///   - locations: the hierarchies that have the controllers: `CgroupHost.controllers` for a new cgroup,
    ///     `Cgroup.controllers` for an existing one.
    ///   - access: what to do if the caller isn't allowed to make cgroups.
    ///   - devices: whether to set the device rules. An update leaves them as they are.
    ///   - base: the JSON pointer of the resources in their document, for errors.
    /// - Throws: `invalidConfig` or `unsupported` with the JSON pointer of the property that is wrong or can't be provided.
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
            // cgroup v2 doesn't have these two controllers.
            try add(.netCls, "network/classID", V1.networkClass(network))
            try add(.netPrio, "network/priorities", V1.networkPriorities(network))
        }
        try add(.rdma, "rdma", rdmaSteps(resources.rdma))
        if let limit = resources.pidsLimit { try add(.pids, "pids/limit", pidsSteps(limit), late: true) }
        steps += try unifiedSteps(resources.unified, context)
        for entry in resources.unified { unifiedControllers.formUnion(unifiedController(of: entry.file.text)) }
    }

    /// The steps in words, for `--debug`.
    public var lines: [String] { (steps + lateSteps).flatMap { $0.lines } }

    /// Adds steps that are the same in both versions.
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
        // Rootless containers need no device rules: root of a user namespace can't make device nodes, so it only has those that
        // it was given.
        case nil: if context.access == .required { throw context.missing(.devices, PropertyName("devices")) }
        }
    }
}

/// The parameters of all conversions.
struct PlanContext: Sendable {
    let base: String
    let locations: ControllerLocations
    let access: Cgroup.Access

    func invalid(_ property: PropertyName, _ sentence: String, hint: String? = nil) -> RuntimeError {
        RuntimeError(.invalidConfig, sentence, pointer: property.pointer(base), hint: hint)
    }

    /// The error for a property that has no counterpart in cgroup v2.
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

extension ResourcePlan {
    /// Has the kernel load the plan's device program, which takes longer than attaching it. A plan has at most one.
    ///
    /// - Returns: nil if the plan has none, or if the kernel refuses it: then `Cgroup.applyEarly` tells why.
    public func loadDeviceFilter() -> LoadedDeviceFilter? {
        for case .deviceProgram(let program) in steps { return try? LoadedDeviceFilter(program) }
        return nil
    }
}
