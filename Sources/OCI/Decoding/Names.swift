public import Bytes

/// The specification's names for values, a table for each kind.
enum Names {
    static let namespace = NameTable<Namespace.Kind>(
        what: "namespace type", entries: Namespace.Kind.allCases.map { ($0.name, $0) })

    /// `u` is an unbuffered character device for mknod(1). Linux makes no difference between `u` and `c`.
    static let device = NameTable<Device.Kind>(
        what: "device type", entries: [("c", .character), ("b", .block), ("u", .character), ("p", .fifo)])

    static let deviceRule = NameTable<Resources.DeviceRule.Kind>(
        what: "device type", entries: [("c", .character), ("b", .block), ("a", .all)])

    static let propagation = NameTable<Propagation>(
        what: "mount propagation",
        entries: [
            ("shared", .shared), ("slave", .slave), ("private", .private), ("unbindable", .unbindable),
            ("rshared", .recursiveShared), ("rslave", .recursiveSlave), ("rprivate", .recursivePrivate),
            ("runbindable", .recursiveUnbindable),
        ])

    static let personality = NameTable<Personality>(
        what: "execution domain", entries: [("LINUX", .linux), ("LINUX32", .linux32)])

    static let resource = NameTable<ResourceLimit.Resource>(
        what: "resource limit",
        entries: [
            ("RLIMIT_NOFILE", .nofile), ("RLIMIT_NPROC", .nproc), ("RLIMIT_CORE", .core), ("RLIMIT_CPU", .cpu),
            ("RLIMIT_FSIZE", .fsize), ("RLIMIT_DATA", .data), ("RLIMIT_STACK", .stack), ("RLIMIT_RSS", .rss),
            ("RLIMIT_MEMLOCK", .memlock), ("RLIMIT_AS", .as), ("RLIMIT_LOCKS", .locks), ("RLIMIT_SIGPENDING", .sigpending),
            ("RLIMIT_MSGQUEUE", .msgqueue), ("RLIMIT_NICE", .nice), ("RLIMIT_RTPRIO", .rtprio), ("RLIMIT_RTTIME", .rttime),
        ])

    static let schedulerPolicy = NameTable<Scheduler.Policy>(
        what: "scheduling policy",
        entries: [
            ("SCHED_OTHER", .other), ("SCHED_FIFO", .fifo), ("SCHED_RR", .roundRobin), ("SCHED_BATCH", .batch),
            ("SCHED_ISO", .iso), ("SCHED_IDLE", .idle), ("SCHED_DEADLINE", .deadline),
        ])

    /// The values are those of linux/sched.h.
    static let schedulerFlag = NameTable<UInt64>(
        what: "scheduling flag",
        entries: [
            ("SCHED_FLAG_RESET_ON_FORK", 0x01), ("SCHED_FLAG_RECLAIM", 0x02), ("SCHED_FLAG_DL_OVERRUN", 0x04),
            ("SCHED_FLAG_KEEP_POLICY", 0x08), ("SCHED_FLAG_KEEP_PARAMS", 0x10), ("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
            ("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
        ])

    static let ioPriorityClass = NameTable<IOPriority.Class>(
        what: "I/O scheduling class",
        entries: [("IOPRIO_CLASS_RT", .realTime), ("IOPRIO_CLASS_BE", .bestEffort), ("IOPRIO_CLASS_IDLE", .idle)])

    static let memoryPolicyMode = NameTable<UInt32>(
        what: "memory policy",
        entries: [
            ("MPOL_DEFAULT", MemoryPolicy.Mode.default), ("MPOL_BIND", MemoryPolicy.Mode.bind),
            ("MPOL_INTERLEAVE", MemoryPolicy.Mode.interleave),
            ("MPOL_WEIGHTED_INTERLEAVE", MemoryPolicy.Mode.weightedInterleave),
            ("MPOL_PREFERRED", MemoryPolicy.Mode.preferred), ("MPOL_PREFERRED_MANY", MemoryPolicy.Mode.preferredMany),
            ("MPOL_LOCAL", MemoryPolicy.Mode.local),
        ])

    static let memoryPolicyFlag = NameTable<UInt32>(
        what: "memory policy flag",
        entries: [
            ("MPOL_F_NUMA_BALANCING", MemoryPolicy.Flag.numaBalancing),
            ("MPOL_F_RELATIVE_NODES", MemoryPolicy.Flag.relativeNodes),
            ("MPOL_F_STATIC_NODES", MemoryPolicy.Flag.staticNodes),
        ])

    static let seccompAction = NameTable<Seccomp.Action>(
        what: "seccomp action",
        entries: [
            ("SCMP_ACT_ALLOW", .allow), ("SCMP_ACT_ERRNO", .errno), ("SCMP_ACT_KILL", .kill),
            ("SCMP_ACT_KILL_PROCESS", .killProcess), ("SCMP_ACT_KILL_THREAD", .killThread), ("SCMP_ACT_TRAP", .trap),
            ("SCMP_ACT_TRACE", .trace), ("SCMP_ACT_LOG", .log), ("SCMP_ACT_NOTIFY", .notify),
        ])

    static let seccompOperator = NameTable<Seccomp.Operator>(
        what: "seccomp operator",
        entries: [
            ("SCMP_CMP_NE", .notEqual), ("SCMP_CMP_LT", .lessThan), ("SCMP_CMP_LE", .lessOrEqual), ("SCMP_CMP_EQ", .equal),
            ("SCMP_CMP_GE", .greaterOrEqual), ("SCMP_CMP_GT", .greaterThan), ("SCMP_CMP_MASKED_EQ", .maskedEqual),
        ])

    static let seccompFlag = NameTable<Seccomp.Flag>(
        what: "seccomp flag",
        entries: [
            ("SECCOMP_FILTER_FLAG_TSYNC", .tsync), ("SECCOMP_FILTER_FLAG_LOG", .log),
            ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", .specAllow),
            ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", .waitKillableReceive),
        ])

    /// The names have no values: the module Seccomp passes the names themselves to libseccomp.
    static let seccompArchitecture = NameTable<Void>(
        what: "seccomp architecture",
        entries: [
            ("SCMP_ARCH_X86_64", ()), ("SCMP_ARCH_X86", ()), ("SCMP_ARCH_X32", ()), ("SCMP_ARCH_AARCH64", ()),
            ("SCMP_ARCH_ARM", ()), ("SCMP_ARCH_MIPS", ()), ("SCMP_ARCH_MIPS64", ()), ("SCMP_ARCH_MIPS64N32", ()),
            ("SCMP_ARCH_MIPSEL", ()), ("SCMP_ARCH_MIPSEL64", ()), ("SCMP_ARCH_MIPSEL64N32", ()), ("SCMP_ARCH_PPC", ()),
            ("SCMP_ARCH_PPC64", ()), ("SCMP_ARCH_PPC64LE", ()), ("SCMP_ARCH_S390", ()), ("SCMP_ARCH_S390X", ()),
            ("SCMP_ARCH_PARISC", ()), ("SCMP_ARCH_PARISC64", ()), ("SCMP_ARCH_RISCV64", ()),
            ("SCMP_ARCH_LOONGARCH64", ()), ("SCMP_ARCH_M68K", ()), ("SCMP_ARCH_SH", ()), ("SCMP_ARCH_SHEB", ()),
        ])
}

/// The names that the decoder accepts, in alphabetical order. `features` lists them.
public enum SpecificationNames {
    public static var namespaces: [ByteString] { Names.namespace.sortedNames }
    public static var memoryPolicyModes: [ByteString] { Names.memoryPolicyMode.sortedNames }
    public static var memoryPolicyFlags: [ByteString] { Names.memoryPolicyFlag.sortedNames }
    public static var seccompActions: [ByteString] { Names.seccompAction.sortedNames }
    public static var seccompOperators: [ByteString] { Names.seccompOperator.sortedNames }
    public static var seccompArchitectures: [ByteString] { Names.seccompArchitecture.sortedNames }
    /// The name of an action: SCMP_ACT_….
    public static func name(of action: Seccomp.Action) -> ByteString {
        ByteString(stringLiteral: Names.seccompAction.entries.first { $0.1 == action }?.0 ?? "")
    }
    /// The name of a limited resource: RLIMIT_….
    public static func name(of resource: ResourceLimit.Resource) -> ByteString {
        ByteString(stringLiteral: Names.resource.entries.first { $0.1 == resource }?.0 ?? "")
    }
    public static var seccompFlags: [(name: ByteString, flag: Seccomp.Flag)] {
        Names.seccompFlag.entries.map { (ByteString(stringLiteral: $0.0), $0.1) }.ordered { $0.name < $1.name }
    }
}

extension NameTable {
    fileprivate var sortedNames: [ByteString] { names.map { ByteString(stringLiteral: $0) }.ordered() }
}
