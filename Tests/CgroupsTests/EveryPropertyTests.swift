import Bytes
import Errors
import OCI
import Testing

@testable import Cgroups

/// No property of `linux.resources` is ignored silently: each is written to a file of the kernel, or is refused by its name.
@Suite struct EveryPropertyTests {
    /// What happens to a property.
    enum Outcome {
        /// The property is written to this file.
        case file(String)
        /// The property is refused, and the error has its pointer.
        case refused
        /// Nothing is to be done: the kernel always behaves as the property demands.
        case natural
    }

    struct Property: CustomStringConvertible, Sendable {
        /// The name in the types of the module OCI.
        let name: String
        let json: String
        /// The place in the document, if it differs from the name.
        let pointer: String
        let v1: Outcome
        let v2: Outcome
        var description: String { json }
    }

    private static func one(_ name: String, _ json: String, _ pointer: String, v1: Outcome, v2: Outcome) -> Property {
        Property(name: name, json: json, pointer: pointer, v1: v1, v2: v2)
    }

    private static func throttle(_ name: String, _ v1: String) -> [Property] {
        ["device.major", "device.minor", "rate"].map {
            one(
                "blockIO.\(name).\($0)", #"{"blockIO":{"\#(name)":[{"major":8,"minor":16,"rate":1000}]}}"#,
                "/blockIO/\(name)/0/rate", v1: .file(v1), v2: .file("io.max"))
        }
    }

    static let properties: [Property] =
        ["allow", "kind", "major", "minor", "read", "write", "mknod"].map {
            one(
                "devices." + $0, #"{"devices":[{"allow":true,"type":"c","major":10,"minor":7,"access":"rwm"}]}"#, "/devices",
                v1: .file("devices.allow"), v2: .file("program"))
        } + [
            one(
                "memory.limit", #"{"memory":{"limit":5}}"#, "/memory/limit", v1: .file("memory.limit_in_bytes"),
                v2: .file("memory.max")),
            one(
                "memory.reservation", #"{"memory":{"reservation":5}}"#, "/memory/reservation",
                v1: .file("memory.soft_limit_in_bytes"), v2: .file("memory.low")),
            one(
                "memory.swap", #"{"memory":{"limit":5,"swap":9}}"#, "/memory/swap", v1: .file("memory.memsw.limit_in_bytes"),
                v2: .file("memory.swap.max")),
            // A limit without effect causes a warning: `ApplyTests.saysWhereTheKernelHasNoLimitOnItsOwnMemory`.
            one(
                "memory.kernel", #"{"memory":{"kernel":5}}"#, "/memory/kernel", v1: .file("memory.kmem.limit_in_bytes"),
                v2: .refused),
            one(
                "memory.kernelTCP", #"{"memory":{"kernelTCP":5}}"#, "/memory/kernelTCP",
                v1: .file("memory.kmem.tcp.limit_in_bytes"), v2: .refused),
            one(
                "memory.swappiness", #"{"memory":{"swappiness":5}}"#, "/memory/swappiness", v1: .file("memory.swappiness"),
                v2: .refused),
            one(
                "memory.disableOOMKiller", #"{"memory":{"disableOOMKiller":true}}"#, "/memory/disableOOMKiller",
                v1: .file("memory.oom_control"), v2: .refused),
            one(
                "memory.useHierarchy", #"{"memory":{"useHierarchy":false}}"#, "/memory/useHierarchy",
                v1: .file("memory.use_hierarchy"), v2: .refused),
            // v1's kernel itself refuses a limit below the present use.
            one(
                "memory.checkBeforeUpdate", #"{"memory":{"limit":5,"checkBeforeUpdate":true}}"#, "/memory/limit", v1: .natural,
                v2: .file("usage")),
            one("cpu.shares", #"{"cpu":{"shares":512}}"#, "/cpu/shares", v1: .file("cpu.shares"), v2: .file("cpu.weight")),
            one("cpu.quota", #"{"cpu":{"quota":5000}}"#, "/cpu/quota", v1: .file("cpu.cfs_quota_us"), v2: .file("cpu.max")),
            one("cpu.burst", #"{"cpu":{"burst":5}}"#, "/cpu/burst", v1: .file("cpu.cfs_burst_us"), v2: .file("cpu.max.burst")),
            one("cpu.period", #"{"cpu":{"period":5000}}"#, "/cpu/period", v1: .file("cpu.cfs_period_us"), v2: .file("cpu.max")),
            one(
                "cpu.realtimeRuntime", #"{"cpu":{"realtimeRuntime":5}}"#, "/cpu/realtimeRuntime", v1: .file("cpu.rt_runtime_us"),
                v2: .refused),
            one(
                "cpu.realtimePeriod", #"{"cpu":{"realtimePeriod":5}}"#, "/cpu/realtimePeriod", v1: .file("cpu.rt_period_us"),
                v2: .refused),
            one("cpu.cpus", #"{"cpu":{"cpus":"0"}}"#, "/cpu/cpus", v1: .file("cpuset.cpus"), v2: .file("cpuset.cpus")),
            one("cpu.mems", #"{"cpu":{"mems":"0"}}"#, "/cpu/mems", v1: .file("cpuset.mems"), v2: .file("cpuset.mems")),
            one("cpu.idle", #"{"cpu":{"idle":1}}"#, "/cpu/idle", v1: .file("cpu.idle"), v2: .file("cpu.idle")),
            one("pidsLimit", #"{"pids":{"limit":5}}"#, "/pids/limit", v1: .file("pids.max"), v2: .file("pids.max")),
            one(
                "blockIO.weight", #"{"blockIO":{"weight":50}}"#, "/blockIO/weight", v1: .file("blkio.weight"),
                v2: .file("io.bfq.weight")),
            one(
                "blockIO.leafWeight", #"{"blockIO":{"leafWeight":50}}"#, "/blockIO/leafWeight", v1: .file("blkio.leaf_weight"),
                v2: .refused),
        ]
        + ["device.major", "device.minor", "weight"].map {
            one(
                "blockIO.weightDevice." + $0, #"{"blockIO":{"weightDevice":[{"major":8,"minor":16,"weight":50}]}}"#,
                "/blockIO/weightDevice/0/weight", v1: .file("blkio.weight_device"), v2: .file("io.bfq.weight"))
        } + [
            one(
                "blockIO.weightDevice.leafWeight", #"{"blockIO":{"weightDevice":[{"major":8,"minor":16,"leafWeight":50}]}}"#,
                "/blockIO/weightDevice/0/leafWeight", v1: .file("blkio.leaf_weight_device"), v2: .refused)
        ] + throttle("throttleReadBpsDevice", "blkio.throttle.read_bps_device")
        + throttle("throttleWriteBpsDevice", "blkio.throttle.write_bps_device")
        + throttle("throttleReadIOPSDevice", "blkio.throttle.read_iops_device")
        + throttle("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device")
        + ["pageSize", "limit"].map {
            one(
                "hugepageLimits." + $0, #"{"hugepageLimits":[{"pageSize":"2MB","limit":5}]}"#, "/hugepageLimits/0/limit",
                v1: .file("hugetlb.2MB.limit_in_bytes"), v2: .file("hugetlb.2MB.max"))
        } + [
            one("network.classID", #"{"network":{"classID":5}}"#, "/network/classID", v1: .file("net_cls.classid"), v2: .refused)
        ]
        + ["name", "priority"].map {
            one(
                "network.priorities." + $0, #"{"network":{"priorities":[{"name":"lo","priority":5}]}}"#, "/network/priorities",
                v1: .file("net_prio.ifpriomap"), v2: .refused)
        }
        + ["device", "hcaHandles", "hcaObjects"].map {
            one(
                "rdma." + $0, #"{"rdma":{"rxe0":{"hcaHandles":5,"hcaObjects":6}}}"#, "/rdma/rxe0", v1: .file("rdma.max"),
                v2: .file("rdma.max"))
        }
        + ["file", "lines"].map {
            one(
                "unified." + $0, #"{"unified":{"memory.high":"5"}}"#, "/unified/memory.high", v1: .refused,
                v2: .file("memory.high"))
        }

    // Fails if a property is added to the types but not to the list above.
    @Test func areAllInTheList() throws {
        var known: Set<String> = []
        for property in Self.properties { known.formUnion(names(in: try Resources(property.json), "")) }
        // Without objects and lists whose own properties are known.
        known = known.filter { name in !known.contains { $0.hasPrefix(name + ".") } }
        #expect(known.subtracting(["unknownProperties"]) == Set(Self.properties.map { $0.name }))
    }

    /// The names of the stored properties. Those of inner objects have the outer name before theirs.
    private func names(in value: Any, _ prefix: String) -> Set<String> {
        var found: Set<String> = []
        for child in Mirror(reflecting: value).children {
            guard let label = child.label else { continue }
            found.formUnion(names(of: child.value, prefix + label))
        }
        return found
    }

    private func names(of value: Any, _ name: String) -> Set<String> {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.map { names(of: $0.value, name) } ?? [name]
        case .collection: return mirror.children.first.map { names(of: $0.value, name) } ?? [name]
        case .struct where !isText(value) && !mirror.children.isEmpty && !isNumber(value):
            return names(in: value, name + ".")
        default: return [name]
        }
    }

    private func isNumber(_ value: Any) -> Bool {
        value is any BinaryInteger || value is Bool || value is Limit || value is Weight
    }

    private func isText(_ value: Any) -> Bool {
        value is ByteString || value is NumberList || value is PageSize || value is InterfaceName || value is RDMADeviceName
            || value is ControllerFile
    }

    /// Plans each property for a host with every controller.
    @Test(arguments: properties) func reachesAFileOrIsRefusedByName(property: Property) throws {
        for (locations, expected) in [(ControllerLocations.legacy, property.v1), (.unified, property.v2)] {
            for base in ["/linux/resources", ""] {
                // An update doesn't change devices, and says so.
                guard base != "" || !property.name.hasPrefix("devices") else { continue }
                let resources = try Resources(property.json)
                let outcome = Result { () throws(RuntimeError) in
                    try ResourcePlan(resources, locations: locations, devices: property.name.hasPrefix("devices"), base: base)
                }
                switch (expected, outcome) {
                case (.refused, .failure(let error)):
                    #expect(error.code == .unsupported)
                    #expect(error.pointer?.hasPrefix(base + property.pointer) == true, "\(error.message)")
                case (.file(let file), .success(let plan)):
                    let lines = (plan.steps + plan.lateSteps).flatMap { $0.lines }
                    #expect(lines.contains { $0.hasPrefix(file + " ") }, "\(lines)")
                case (.natural, .success): break
                default: Issue.record("\(property): expected \(expected), got \(outcome)")
                }
            }
        }
    }

    @Test func unknownOnesAreRemembered() throws {
        let json = #"{"memory":{"limitt":5},"news":1,"devices":[{"allow":true,"access":"r","colour":"red"}]}"#
        #expect(try Resources(json).unknownProperties == ["/devices/0/colour", "/memory/limitt (did you mean limit?)", "/news"])
    }
}
