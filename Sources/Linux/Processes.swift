import Bytes
import CLinux
public import Errors

/// What clone3(2) came back as.
public enum CloneResult: ~Copyable {
    case child
    /// The new process and a pidfd of it.
    case parent(pid: Int32, handle: ProcessHandle)
}

/// Makes a process that shares nothing but what `flags` say, and goes on in it as fork(2) does.
///
/// The program has one thread: so the child may allocate and run any code.
///
/// `cgroup`: the directory of the cgroup (v2) that it's born into.
///
/// `number`: where the kernel writes its pid, before it runs.
@inline(never)
public func cloneProcess(
    _ namespaces: NamespaceKinds = [], _ flags: CloneFlags = [], cgroup: Int32? = nil, number: UnsafeMutablePointer<Int32>? = nil
) throws(SystemError) -> CloneResult {
    var pidfd: Int32 = -1
    let into = cgroup == nil ? 0 : c_clone_into_cgroup
    let pid = c_clone3(namespaces.rawValue | flags.rawValue | c_clone_pidfd | into, &pidfd, cgroup ?? -1, number)
    guard pid >= 0 else { throw .last("clone3") }
    guard pid > 0 else { return .child }
    return .parent(pid: pid, handle: ProcessHandle(adopting: pidfd))
}

/// A stack other than the one that the program began on.
public struct ProcessStack {
    /// What `cloneSibling` gives clone(2) as its first argument, for a look into a filter.
    public static var siblingFlags: UInt64 { c_sibling_flags }

    /// What runs on it. Never returns.
    public typealias Body = @convention(c) (UnsafeMutableRawPointer) -> Void

    private let base: UnsafeMutableRawPointer

    /// The corresponding C function is `mmap`.
    public init() throws(SystemError) {
        guard let base = c_stack_make() else { throw .last("mmap") }
        self.base = base
    }

    /// Makes a process that runs `body` on this stack: so the result is always the parent's. With `CloneFlags.memory`, what `body` does to an object or a variable,
    /// it does to the caller's: the caller has to wait for its end without allocating anything.
    ///
    /// `cgroup`: the directory of the cgroup (v2) that it's born into.
    public func clone(
        _ namespaces: NamespaceKinds = [], _ flags: CloneFlags = [], cgroup: Int32?, _ context: UnsafeMutableRawPointer,
        _ body: Body
    ) throws(SystemError) -> CloneResult {
        var pidfd: Int32 = -1
        let into = cgroup == nil ? 0 : c_clone_into_cgroup
        let pid = c_clone_onto_stack(
            base, namespaces.rawValue | flags.rawValue | c_clone_pidfd | into, &pidfd, cgroup ?? -1, body, context)
        guard pid >= 0 else { throw .last("clone3") }
        return .parent(pid: pid, handle: ProcessHandle(adopting: pidfd))
    }

    /// Makes a process that is the child of our parent, as we are, and runs `body` on this stack. The kernel writes its pid to `number`
    /// before it runs.
    public func cloneSibling(number: UnsafeMutablePointer<Int32>, _ context: UnsafeMutableRawPointer, _ body: Body)
        throws(SystemError)
    {
        guard c_clone_sibling_onto_stack(base, number, body, context) >= 0 else { throw .last("clone") }
    }

    /// Goes on with `body` on this stack.
    public func run(_ context: UnsafeMutableRawPointer, _ body: Body) -> Never { c_continue_on_stack(base, body, context) }

    // MARK: What the next process mustn't have

    /// From here on all is allocated on pages of its own.
    public static func beginAllocation() { c_allocation_begin() }

    /// Keeps from processes cloned from here on: what was allocated before `beginAllocation`, the stack that the program began on, with
    /// its arguments and environment, and this stack. The corresponding C function is `madvise` with `MADV_DONTFORK`.
    public func withholdMemory() throws(SystemError) {
        guard c_memory_withhold(base) == 0 else { throw .last("madvise") }
    }

    /// To be called first by a process from which memory was withheld.
    public static func forgetWithheldMemory() { c_allocation_forget_former() }

    /// Unmaps the same memory. Only for what runs on another stack and refers to nothing in that memory. The corresponding C function is
    /// `munmap`.
    public func dropMemory() throws(SystemError) {
        guard c_memory_drop(base) == 0 else { throw .last("munmap") }
    }
}

/// How a process ended.
public enum ExitStatus: Equatable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)

    /// As a shell has it: 128 + n for signal n.
    public var shellStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }
}

/// A process by its pidfd: unlike a number, it never means another one. See pidfd_open(2).
@frozen
public struct ProcessHandle: ~Copyable {
    public let descriptor: FileDescriptor

    public init(adopting pidfd: Int32) { descriptor = FileDescriptor(adopting: pidfd) }

    /// The corresponding system call is `pidfd_open`.
    public init(pid: Int32) throws(SystemError) {
        descriptor = try .checked("pidfd_open", c_pidfd_open(pid, 0))
    }

    /// nil where no process has that number, which must be above 0.
    public static func ofExisting(pid: Int32) throws(SystemError) -> ProcessHandle? {
        do throws(SystemError) {
            return try ProcessHandle(pid: pid)
        } catch  where error.errno == .ESRCH || error.errno == .ENOENT || error.errno == .EINVAL {
            // ENOENT, and before kernel 6.15 EINVAL: it's the number of a thread now, or only of a session or a group of processes.
            return nil
        }
    }

    /// Whether it's a child of the caller's, still to be reaped. The corresponding system call is `waitid` with `WNOWAIT`.
    public var isChild: Bool { c_is_child(descriptor.rawValue) != 0 }

    /// The pidfd itself, for several owners.
    public consuming func shared() -> SharedDescriptor { SharedDescriptor(descriptor) }

    /// The kernel's own number for the process, which it never gives again (pidfs, kernel 6.9): 0 where it has none.
    public var identity: UInt64 {
        get throws(SystemError) { try descriptor.fileSystemMagic() == .pidfs ? descriptor.status().inode : 0 }
    }

    /// The corresponding system call is `pidfd_send_signal`.
    public borrowing func send(signal: Int32) throws(SystemError) { try descriptor.send(signal: signal) }

    /// Waits for the end of a child and takes its status. The corresponding system call is `waitid`.
    public borrowing func wait() throws(SystemError) -> ExitStatus {
        var status: Int32 = 0
        while c_wait_pidfd(descriptor.rawValue, &status) != 0 {
            guard Errno.last == .EINTR else { throw .last("waitid") }
        }
        return c_signaled(status) != 0 ? .killed(signal: c_termination_signal(status)) : .exited(c_exit_status(status))
    }

    /// Ends a child and takes its status. Nil where it hasn't ended after ten seconds: it waits for a disk, or it's frozen.
    @discardableResult
    public borrowing func end() -> ExitStatus? {
        try? send(signal: SIGKILL)
        return waitForEnd(milliseconds: 10_000) ? try? wait() : nil
    }

    /// Waits until it has ended, child or not. The corresponding system call is `poll`.
    ///
    /// - Returns: false when the time, in milliseconds, was up first.
    public borrowing func waitForEnd(milliseconds: Int) -> Bool {
        waitReadable(descriptor.rawValue, until: Deadline(milliseconds: milliseconds))
    }
}

extension FileDescriptor {
    /// Sends a signal to the process whose pidfd this is. The corresponding system call is `pidfd_send_signal`.
    public borrowing func send(signal: Int32) throws(SystemError) {
        guard c_pidfd_send_signal(rawValue, signal) == 0 else { throw .last("pidfd_send_signal") }
    }

    /// A copy of a descriptor of the process whose pidfd this is. The corresponding system call is `pidfd_getfd`.
    public borrowing func descriptor(_ number: Int32) throws(SystemError) -> FileDescriptor {
        try .checked("pidfd_getfd", c_pidfd_getfd(rawValue, number))
    }
}

/// A point in time until which is waited, by the clock that never jumps.
public struct Deadline: Sendable {
    private let nanoseconds: UInt64

    public init(milliseconds: Int) { nanoseconds = Clock.monotonic() + UInt64(max(milliseconds, 0)) * 1_000_000 }

    public var millisecondsLeft: Int {
        let now = Clock.monotonic()
        return now >= nanoseconds ? 0 : Int((nanoseconds - now) / 1_000_000) + 1
    }

    public var isOver: Bool { Clock.monotonic() >= nanoseconds }
}

/// - Returns: false when the deadline passed before there was anything to read, an end of file included.
public func waitReadable(_ descriptor: Int32, until deadline: Deadline) -> Bool {
    while true {
        var request = PollRequest(descriptor, .readable)
        if request.wait(milliseconds: deadline.millisecondsLeft) { return true }
        // An error that stays must not keep us here for ever.
        if deadline.isOver { return false }
    }
}

public enum Clock {
    /// Nanoseconds since some point before the program's start.
    public static func monotonic() -> UInt64 {
        var time = timespec()
        _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    public static func sleep(milliseconds: Int) { sleep(microseconds: milliseconds * 1000) }

    /// The corresponding C function is `nanosleep`. A signal ends it early.
    public static func sleep(microseconds: Int) {
        var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
        _ = nanosleep(&time, nil)
    }
}
