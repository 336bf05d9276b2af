import Bytes
import CLinux
public import Errors

/// The process in which a clone returned.
public enum CloneResult: ~Copyable {
    /// The new process.
    case child
    /// The calling process, with the new process's pid and pidfd.
    case parent(pid: Int32, handle: ProcessHandle)
}

/// Makes a process that continues here, as after fork(2). The corresponding system call is `clone3`.
///
/// The program has one thread, so the new process may allocate memory and run any code.
///
/// - Parameters:
///   - namespaces: the namespaces that are made for the new process.
///   - flags: how the new process is related to the caller; with none it's a child with memory of its own.
///   - cgroup: the directory of the cgroup (v2) that the new process starts in; nil for the caller's.
///   - number: where the kernel writes the new process's pid before the process runs.
/// - Returns: which process this is. The function returns once in each.
/// - Throws: the error of `clone3`.
@inline(never)
public func cloneProcess(
    _ namespaces: NamespaceKinds = [], _ flags: CloneFlags = [], cgroup: Int32? = nil, number: UnsafeMutablePointer<Int32>? = nil
) throws(SystemError) -> CloneResult {
    var pidfd: Int32 = -1
    let into = cgroup == nil ? 0 : c_clone_into_cgroup
    let pid = c_clone3(namespaces.rawValue | flags.rawValue | c_clone_pidfd | into, &pidfd, cgroup ?? -1, number)
    guard pid >= 0 else { throw .last("clone3") }
    guard pid > 0 else {
        // The child may take the numbers of these descriptors for others.
        DescriptorClosing.closeGathered()
        return .child
    }
    return .parent(pid: pid, handle: ProcessHandle(adopting: pidfd))
}

/// A stack besides the one that the program began on, for another process or for this one to continue on.
public struct ProcessStack {
    /// The flags that `cloneSibling` passes to clone(2), so that callers can check whether a seccomp filter allows the call.
    public static var siblingFlags: UInt64 { c_sibling_flags }

    /// A function that runs on the stack. It must never return.
    public typealias Body = @convention(c) (UnsafeMutableRawPointer) -> Void

    private let base: UnsafeMutableRawPointer

    /// Maps a new stack. The corresponding C function is `mmap`.
    public init() throws(SystemError) {
        guard let base = c_stack_make() else { throw .last("mmap") }
        self.base = base
    }

    /// Makes a process that runs `body` on this stack. The corresponding system call is `clone3`.
    ///
    /// With `CloneFlags.memory` both processes use the same memory: what `body` changes is changed for the caller too, and the
    /// caller must wait for the new process's end without allocating anything.
    ///
    /// - Parameters:
    ///   - namespaces: the namespaces that are made for the new process.
    ///   - flags: how the new process is related to the caller.
    ///   - cgroup: the directory of the cgroup (v2) that the new process starts in; nil for the caller's.
    ///   - context: the argument of `body`.
    ///   - body: what the new process runs.
    /// - Returns: always `.parent`: the function returns in the caller only.
    /// - Throws: the error of `clone3`.
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

    /// Makes a sibling, a process that is a child of our own parent, and runs `body` in it on this stack. The kernel writes the
    /// sibling's pid to `number` before the sibling runs. The corresponding system call is `clone`.
    public func cloneSibling(number: UnsafeMutablePointer<Int32>, _ context: UnsafeMutableRawPointer, _ body: Body)
        throws(SystemError)
    {
        guard c_clone_sibling_onto_stack(base, number, body, context) >= 0 else { throw .last("clone") }
    }

    /// Continues this process with `body` on this stack.
    public func run(_ context: UnsafeMutableRawPointer, _ body: Body) -> Never { c_continue_on_stack(base, body, context) }

    // MARK: Memory that the next process must not have

    /// Makes later allocations use new pages, separate from those of earlier allocations.
    public static func beginAllocation() { c_allocation_begin() }

    /// Withholds memory from processes that are cloned later: everything that was allocated before `beginAllocation`, the stack
    /// that the program began on, with its arguments and environment, Host's part of the program, and this stack. In debug
    /// builds, which use the C library's allocator, only this stack is withheld. The corresponding C function is `madvise` with
    /// `MADV_DONTFORK`.
    public func withholdMemory() throws(SystemError) {
        guard c_memory_withhold(base) == 0 else { throw .last("madvise") }
    }

    /// Makes the allocator forget the withheld memory. A process from which memory was withheld must call this first.
    public static func forgetWithheldMemory() { c_allocation_forget_former() }

    /// Unmaps the memory that `withholdMemory` withholds. The caller must run on another stack and refer to nothing in that
    /// memory. The corresponding C function is `munmap`.
    public func dropMemory() throws(SystemError) {
        guard c_memory_drop(base) == 0 else { throw .last("munmap") }
    }
}

/// How a process ended.
public enum ExitStatus: Equatable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)

    /// Reads a status as wait(2) stores it.
    init(waitStatus status: Int32) {
        self = c_signaled(status) != 0 ? .killed(signal: c_termination_signal(status)) : .exited(c_exit_status(status))
    }

    /// The status as a shell reports it: 128 + n for signal n.
    public var shellStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }
}

/// A process, identified by a pidfd. Unlike a pid, a pidfd never comes to mean another process. See pidfd_open(2).
@frozen
public struct ProcessHandle: ~Copyable {
    public let descriptor: FileDescriptor

    /// Takes ownership of a pidfd.
    public init(adopting pidfd: Int32) { descriptor = FileDescriptor(adopting: pidfd) }

    /// Opens a pidfd of the process with this pid. The corresponding system call is `pidfd_open`.
    public init(pid: Int32) throws(SystemError) {
        descriptor = try .checked("pidfd_open", c_pidfd_open(pid, 0))
    }

    /// Opens a pidfd of the process with this pid, which must be above 0; nil if there is no such process.
    public static func ofExisting(pid: Int32) throws(SystemError) -> ProcessHandle? {
        do throws(SystemError) {
            return try ProcessHandle(pid: pid)
        } catch  where error.errno == .ESRCH || error.errno == .ENOENT || error.errno == .EINVAL {
            // ENOENT, and before kernel 6.15 EINVAL: the number now belongs to a thread, or only to a session or process group.
            return nil
        }
    }

    /// Whether the process is a child of the caller that isn't reaped yet. The corresponding system call is `waitid` with
    /// `WNOWAIT`.
    public var isChild: Bool { c_is_child(descriptor.rawValue) != 0 }

    /// Turns the handle into a pidfd that can have several owners.
    public consuming func shared() -> SharedDescriptor { SharedDescriptor(descriptor) }

    /// The kernel's number for the process, which no other process gets before the machine starts again (pidfs, kernel 6.9); 0
    /// on kernels that have none.
    public var identity: UInt64 {
        get throws(SystemError) { try descriptor.fileSystemMagic() == .pidfs ? descriptor.status().inode : 0 }
    }

    /// Whether the process has ended with all its threads, reaped or not. The corresponding system call is `poll`.
    public borrowing func hasEnded() -> Bool {
        var request = PollRequest(descriptor.rawValue, .readable)
        return request.wait(milliseconds: 0)
    }

    /// Sends a signal to the process. The corresponding system call is `pidfd_send_signal`.
    public borrowing func send(signal: Int32) throws(SystemError) { try descriptor.send(signal: signal) }

    /// Waits for the end of a child and reaps it. The corresponding system call is `waitid`.
    public borrowing func wait() throws(SystemError) -> ExitStatus {
        var status: Int32 = 0
        while c_wait_pidfd(descriptor.rawValue, &status) != 0 {
            guard Errno.last == .EINTR else { throw .last("waitid") }
        }
        return ExitStatus(waitStatus: status)
    }

    /// Kills a child and reaps it.
    ///
    /// - Returns: nil if the child hasn't ended after ten seconds, because it waits for a disk or is frozen.
    @discardableResult
    public borrowing func end() -> ExitStatus? {
        try? send(signal: SIGKILL)
        return waitForEnd(milliseconds: 10_000) ? try? wait() : nil
    }

    /// Waits until the process has ended: see `waitForEndOfProcess`.
    public borrowing func waitForEnd(milliseconds: Int) -> Bool { descriptor.waitForEndOfProcess(milliseconds: milliseconds) }
}

extension FileDescriptor {
    /// Waits until the process whose pidfd this is has ended, whether it's a child or not. The corresponding system call is
    /// `poll`.
    ///
    /// - Parameter milliseconds: how long to wait at most.
    /// - Returns: false if the time was up first.
    public borrowing func waitForEndOfProcess(milliseconds: Int) -> Bool {
        waitReadable(rawValue, until: Deadline(milliseconds: milliseconds))
    }

    /// Sends a signal to the process whose pidfd this is. The corresponding system call is `pidfd_send_signal`.
    public borrowing func send(signal: Int32) throws(SystemError) {
        guard c_pidfd_send_signal(rawValue, signal) == 0 else { throw .last("pidfd_send_signal") }
    }

    /// A copy of a descriptor of the process whose pidfd this is. The corresponding system call is `pidfd_getfd`.
    public borrowing func descriptor(_ number: Int32) throws(SystemError) -> FileDescriptor {
        try .checked("pidfd_getfd", c_pidfd_getfd(rawValue, number))
    }
}

/// The end of a wait, on the monotonic clock.
public struct Deadline: Sendable {
    private let nanoseconds: UInt64

    /// A deadline so many milliseconds from now.
    public init(milliseconds: Int) { nanoseconds = Clock.monotonic() + UInt64(max(milliseconds, 0)) * 1_000_000 }

    /// The time left, rounded up; 0 if the deadline has passed.
    public var millisecondsLeft: Int {
        let now = Clock.monotonic()
        return now >= nanoseconds ? 0 : Int((nanoseconds - now) / 1_000_000) + 1
    }

    /// Whether the deadline has passed.
    public var isOver: Bool { Clock.monotonic() >= nanoseconds }
}

/// Waits until there is something to read, an end of file included. The corresponding system call is `poll`.
///
/// - Parameters:
///   - descriptor: the descriptor to watch.
///   - deadline: when to give up.
/// - Returns: false if the deadline passed first.
public func waitReadable(_ descriptor: Int32, until deadline: Deadline) -> Bool {
    while true {
        var request = PollRequest(descriptor, .readable)
        if request.wait(milliseconds: deadline.millisecondsLeft) { return true }
        // A lasting error must not keep us here for ever.
        if deadline.isOver { return false }
    }
}

/// The monotonic clock, which never jumps. See clock_gettime(2).
public enum Clock {
    /// Nanoseconds since some point before the program's start.
    public static func monotonic() -> UInt64 {
        var time = timespec()
        _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Sleeps. A signal ends the sleep early.
    public static func sleep(milliseconds: Int) { sleep(microseconds: milliseconds * 1000) }

    /// Sleeps. A signal ends the sleep early. The corresponding C function is `nanosleep`.
    public static func sleep(microseconds: Int) {
        var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
        _ = nanosleep(&time, nil)
    }
}
