public import Bytes

/// config.md, "Process": also what `exec --process` reads.
public struct Process: Sendable {
    public var terminal: Bool
    /// nil unless `terminal` is true: the specification has it ignored otherwise.
    public var consoleSize: ConsoleSize?
    public var cwd: ByteString
    public var env: [ByteString]
    /// At least one, the first not empty.
    public var args: [ByteString]
    public var user: User
    public var rlimits: [ResourceLimit]
    public var capabilities: Capabilities?
    public var noNewPrivileges: Bool
    public var apparmorProfile: ByteString?
    public var selinuxLabel: ByteString?
    /// -1000 to 1000.
    public var oomScoreAdj: Int32?
    public var scheduler: Scheduler?
    public var ioPriority: IOPriority?
    public var execCPUAffinity: ExecCPUAffinity?
}

public struct ConsoleSize: Sendable {
    /// Characters.
    public var height: UInt16
    public var width: UInt16
}

public struct User: Sendable {
    public var uid: UInt32
    public var gid: UInt32
    public var umask: UInt32?
    public var additionalGids: [UInt32]
}

/// getrlimit(2).
public struct ResourceLimit: Sendable {
    public enum Resource: Int32, CaseIterable, Sendable {
        // The raw values are the kernel's numbers of x86-64, arm64 and all others that follow asm-generic/resource.h.
        case cpu = 0, fsize, data, stack, core, rss, nproc, nofile, memlock, `as`, locks, sigpending, msgqueue, nice, rtprio,
            rttime
    }

    public var resource: Resource
    public var soft: UInt64
    public var hard: UInt64
}

/// The names as the document has them, "CAP_CHOWN": what no kernel knows is warned of, not refused.
public struct Capabilities: Sendable {
    public var bounding: [ByteString] = []
    public var effective: [ByteString] = []
    public var inheritable: [ByteString] = []
    public var permitted: [ByteString] = []
    public var ambient: [ByteString] = []

    public init() {}
}

/// sched_setattr(2).
public struct Scheduler: Sendable {
    public enum Policy: UInt32, CaseIterable, Sendable {
        case other = 0, fifo, roundRobin, batch, iso, idle, deadline
    }

    public var policy: Policy
    public var nice: Int32
    public var priority: Int32
    /// SCHED_FLAG_… of linux/sched.h, or-ed together.
    public var flags: UInt64
    /// Nanoseconds, for the deadline policy.
    public var runtime: UInt64
    public var deadline: UInt64
    public var period: UInt64
}

/// ioprio_set(2).
public struct IOPriority: Sendable {
    public enum Class: Int32, CaseIterable, Sendable {
        case realTime = 1, bestEffort, idle
    }

    public var `class`: Class
    /// 0 (highest) to 7.
    public var priority: Int32
}

/// config.md, `execCPUAffinity`.
public struct ExecCPUAffinity: Sendable {
    public var initial: NumberList?
    public var final: NumberList?
}
