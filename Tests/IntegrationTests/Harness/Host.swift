import CHarness
import Testing

/// What this machine supports. Tests that need more declare that with a trait, and are skipped.
enum Host {
    static let isRoot = getuid() == 0

    /// Whether /sys/fs/cgroup is cgroup v2. Otherwise it's v1, perhaps with a unified hierarchy beside the others.
    static let isUnified: Bool = {
        var information = statfs()
        return statfs("/sys/fs/cgroup", &information) == 0 && information.f_type == 0x6367_7270
    }()

    /// Whether SELinux is enabled and has a policy: without one, every process has the label "kernel".
    static let hasSELinux: Bool = {
        var information = statfs()
        return statfs("/sys/fs/selinux", &information) == 0 && information.f_type == 0xF97C_FF8C
            && read("/proc/self/attr/current").contains(":")
    }()

    /// Whether our permitted set has the capability with this number. Even root may lack some, such as CAP_SYS_RESOURCE.
    static func has(capability number: Int) -> Bool {
        let line = read("/proc/self/status").lines.first { $0.hasPrefix("CapPrm:") } ?? ""
        return UInt64(line.dropFirst(7).trimmed, radix: 16).map { $0 >> number & 1 == 1 } ?? false
    }

    private static let kernel: (major: Int, minor: Int) = {
        let parts = read("/proc/sys/kernel/osrelease").split(separator: ".")
        return (Int(parts[0]) ?? 0, Int(parts[1]) ?? 0)
    }()

    static func kernelIsAtLeast(_ major: Int, _ minor: Int) -> Bool { kernel >= (major, minor) }
}

extension Trait where Self == ConditionTrait {
    /// Skips the tests unless they run as root.
    static var needsRoot: Self { .enabled(if: Host.isRoot, "containers are made as root") }

    /// Skips the tests if the host doesn't have this cgroup controller.
    static func needs(controller: String) -> Self {
        .enabled(if: Cgroup.hasController(controller), "this machine has no cgroup controller \(controller)")
    }

    /// Skips the tests on older kernels.
    static func needsKernel(_ major: Int, _ minor: Int) -> Self {
        .enabled(if: Host.kernelIsAtLeast(major, minor), "needs Linux \(major).\(minor)")
    }

    /// Skips the tests unless SELinux is enabled.
    static var needsSELinux: Self { .enabled(if: Host.hasSELinux, "needs SELinux with a policy loaded") }
    /// Skips the tests if SELinux is enabled.
    static var needsNoSELinux: Self { .enabled(if: !Host.hasSELinux, "this machine has SELinux") }

    /// Skips the tests unless cgroup v2 is mounted on /sys/fs/cgroup.
    static var needsUnifiedCgroups: Self { .enabled(if: Host.isUnified, "needs cgroup v2") }
    /// Skips the tests if cgroup v2 is mounted on /sys/fs/cgroup.
    static var needsLegacyCgroups: Self { .enabled(if: !Host.isUnified, "needs cgroup v1") }
}
