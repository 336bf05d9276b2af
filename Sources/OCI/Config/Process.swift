public import Bytes

/// The process to run: config.md, "Process". `exec --process` reads the same object.
public struct Process: Sendable {
    public var terminal: Bool
    /// nil unless `terminal` is true: otherwise the specification wants the property ignored.
    public var consoleSize: ConsoleSize?
    public var cwd: ByteString
    public var env: [ByteString]
    /// At least one entry. The first one isn't empty.
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

/// The size of the terminal, in characters.
public struct ConsoleSize: Sendable {
    public var height: UInt16
    public var width: UInt16
}

/// The user of the process: config.md, "POSIX-platform User".
public struct User: Sendable {
    public var uid: UInt32
    public var gid: UInt32
    public var umask: UInt32?
    public var additionalGids: [UInt32]
}

/// An entry of `rlimits`: getrlimit(2).
public struct ResourceLimit: Sendable {
    /// The limited resource, RLIMIT_… of getrlimit(2).
    public enum Resource: Int32, CaseIterable, Sendable {
        // The raw values are the kernel's numbers on x86-64, arm64 and every architecture that follows asm-generic/resource.h.
        case cpu = 0, fsize, data, stack, core, rss, nproc, nofile, memlock, `as`, locks, sigpending, msgqueue, nice, rtprio,
            rttime
    }

    public var resource: Resource
    public var soft: UInt64
    public var hard: UInt64
}

/// The process's capability sets: capabilities(7). The names are the document's, such as "CAP_CHOWN".
///
/// A name that the kernel doesn't know isn't an error. The planning of the process ignores it with a warning.
public struct Capabilities: Sendable {
    public var bounding: [ByteString] = []
    public var effective: [ByteString] = []
    public var inheritable: [ByteString] = []
    public var permitted: [ByteString] = []
    public var ambient: [ByteString] = []

    public init() {}
}

/// The scheduling policy of the process and its parameters: sched_setattr(2).
public struct Scheduler: Sendable {
    /// The policy, SCHED_… of linux/sched.h.
    public enum Policy: UInt32, CaseIterable, Sendable {
        case other = 0, fifo, roundRobin, batch, iso, idle, deadline
    }

    public var policy: Policy
    public var nice: Int32
    public var priority: Int32
    /// SCHED_FLAG_… of linux/sched.h, or-ed together.
    public var flags: UInt64
    /// Nanoseconds, for the deadline policy. The same holds for `deadline` and `period`.
    public var runtime: UInt64
    public var deadline: UInt64
    public var period: UInt64
}

/// The I/O scheduling class of the process and its priority: ioprio_set(2).
public struct IOPriority: Sendable {
    /// The class, IOPRIO_CLASS_… of linux/ioprio.h.
    public enum Class: Int32, CaseIterable, Sendable {
        case realTime = 1, bestEffort, idle
    }

    public var `class`: Class
    /// 0 (highest) to 7.
    public var priority: Int32
}

/// The processors for a process that `exec` adds: config.md, `execCPUAffinity`.
public struct ExecCPUAffinity: Sendable {
    /// The processors before the process enters the container's cgroup.
    public var initial: NumberList?
    /// The processors after the process has entered the container's cgroup.
    public var final: NumberList?
}
