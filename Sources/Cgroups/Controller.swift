import Bytes

/// The way in which the program manages cgroups: `--cgroup-manager`.
public enum CgroupManagerKind: Sendable {
    /// Through the files below /sys/fs/cgroup.
    case cgroupfs
    /// Through transient units of systemd.
    case systemd
    /// No cgroups are made: the container stays in the caller's cgroup.
    case disabled
}

/// A controller (or subsystem) of the kernel: cgroups(7), "Cgroups version 1 controllers" and "Cgroups version 2 controllers".
public enum Controller: UInt16, CaseIterable, Sendable {
    case cpu, cpuacct, cpuset, memory, devices, freezer, blkio, pids, hugetlb, netCls, netPrio, rdma, perfEvent, misc

    /// The name in cgroup v1's mount options and in /proc/self/cgroup.
    public var name: StaticString {
        switch self {
        case .cpu: "cpu"
        case .cpuacct: "cpuacct"
        case .cpuset: "cpuset"
        case .memory: "memory"
        case .devices: "devices"
        case .freezer: "freezer"
        case .blkio: "blkio"
        case .pids: "pids"
        case .hugetlb: "hugetlb"
        case .netCls: "net_cls"
        case .netPrio: "net_prio"
        case .rdma: "rdma"
        case .perfEvent: "perf_event"
        case .misc: "misc"
        }
    }

    /// The name in cgroup v2's cgroup.controllers.
    public var unifiedName: StaticString { self == .blkio ? "io" : name }
}

/// A set of controllers.
public struct ControllerSet: OptionSet, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The set of one controller.
    public init(_ controller: Controller) { rawValue = 1 << controller.rawValue }

    /// The controllers with these names. Unknown names are left out.
    init(names: [ByteString], unified: Bool) {
        var all: UInt16 = 0
        for name in names {
            for controller in Controller.allCases where name == (unified ? controller.unifiedName : controller.name) {
                all |= 1 << controller.rawValue
            }
        }
        rawValue = all
    }

    /// Whether the controller is in the set.
    public func contains(_ controller: Controller) -> Bool { rawValue & (1 << controller.rawValue) != 0 }
}
