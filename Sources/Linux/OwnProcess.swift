public import Bytes
import CLinux
public import Errors

/// The calling process itself.
public enum OwnProcess {
    /// Its number in its pid namespace. The corresponding system call is `getpid`.
    public static var pid: Int32 { getpid() }

    /// An argument of the program's; the first one, 0, is its name. nil past the end.
    public static func argument(_ index: Int) -> ByteString? { c_argument(Int32(index)).map { ByteString(cString: $0) } }

    /// The corresponding system call is `exit_group`: nothing is written or freed before.
    public static func exit(_ status: Int32) -> Never { _exit(status) }

    /// The same where a filter may forbid even that: then the end is an instruction that the kernel ends a process for.
    public static func exitDespiteFilter(_ status: Int32) -> Never { c_end_for_good(status) }

    /// Waits for a signal, for ever.
    public static func sleepForEver() -> Never {
        while true { _ = pause() }
    }

    /// Begins a session of its own. For a leader of a group of processes it has one already. The corresponding system call is `setsid`.
    public static func startSession() { _ = setsid() }

    /// Which permissions new files don't get. The corresponding system call is `umask`.
    public static func setUmask(_ mask: UInt32) { _ = umask(mask) }

    /// Whether others with the same user may trace it and look into its memory and its /proc (`PR_SET_DUMPABLE`).
    public static func setDumpable(_ isDumpable: Bool) throws(SystemError) {
        guard c_prctl(PR_SET_DUMPABLE, isDumpable ? 1 : 0, 0, 0, 0) == 0 else { throw .last("prctl") }
    }

    /// The signal that the kernel sends it when its parent ends: nil for none (`PR_SET_PDEATHSIG`). The kernel forgets it with each change of
    /// credentials and with each clone.
    public static func setParentDeathSignal(_ signal: Int32?) throws(SystemError) {
        guard c_prctl(PR_SET_PDEATHSIG, UInt(signal ?? 0), 0, 0, 0) == 0 else { throw .last("prctl") }
    }

    /// Orphans among its descendants become its children (`PR_SET_CHILD_SUBREAPER`).
    public static func becomeSubreaper() { _ = c_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

    /// A child that has ended and is still to be reaped. The corresponding system call is `waitid` with `WNOWAIT`.
    public static func endedChild() -> Int32? {
        let pid = c_ended_child()
        return pid > 0 ? pid : nil
    }

    /// Reaps such a child. The corresponding system call is `wait4`.
    public static func reap(_ pid: Int32) { _ = waitpid(pid, nil, WNOHANG) }

    /// Becomes another program. The corresponding system call is `execve`.
    ///
    /// - Returns: why it failed.
    public static func execute(_ program: ByteString, _ arguments: CStringArray, _ environment: CStringArray) -> Errno {
        _ = program.withCString { c_execve($0, arguments.pointer, environment.pointer) }
        return .last
    }

    /// The corresponding system call is `close_range`.
    public static func closeDescriptors(_ range: ClosedRange<UInt32>) throws(SystemError) {
        guard c_close_range(range.lowerBound, range.upperBound, 0) == 0 else { throw .last("close_range") }
    }

    /// Gives it a session keyring of this name: the one that there is, or a new one (`KEYCTL_JOIN_SESSION_KEYRING`).
    public static func joinSessionKeyring(_ name: ByteString) throws(SystemError) {
        let result = name.withCString { c_keyctl(KEYCTL_JOIN_SESSION_KEYRING, UInt(bitPattern: $0), 0, 0) }
        guard result >= 0 else { throw .last("keyctl") }
    }

    /// The bytes of a page of memory.
    public static var pageSize: Int { sysconf(Int32(_SC_PAGESIZE)) }
}

/// How it runs. See sched(7).
extension OwnProcess {
    /// The corresponding system call is `sched_setaffinity`. What fails has no effect.
    public static func setAffinity(_ mask: [UInt8]) { _ = c_sched_setaffinity(0, UInt(mask.count), mask) }

    /// The corresponding system call is `sched_setattr`.
    public static func setScheduler(
        policy: UInt32, flags: UInt64, nice: Int32, priority: UInt32, runtime: UInt64, deadline: UInt64, period: UInt64
    ) throws(SystemError) {
        guard c_sched_setattr(policy, flags, nice, priority, runtime, deadline, period) == 0 else { throw .last("sched_setattr") }
    }

    /// The corresponding system call is `ioprio_set`.
    public static func setIOPriority(class kind: Int32, _ priority: Int32) throws(SystemError) {
        guard c_ioprio_set(1 /* IOPRIO_WHO_PROCESS */, 0, kind << 13 | priority) == 0 else { throw .last("ioprio_set") }
    }

    /// The corresponding system call is `personality`.
    public static func setPersonality(_ domain: UInt64) throws(SystemError) {
        guard c_personality(UInt(domain)) >= 0 else { throw .last("personality") }
    }

    /// Limits a process: 0 is the calling one. The corresponding system call is `prlimit64`.
    public static func setLimit(of pid: Int32 = 0, _ resource: Int32, soft: UInt64, hard: UInt64) throws(SystemError) {
        guard c_prlimit(pid, resource, soft, hard) == 0 else { throw .last("prlimit") }
    }
}

/// Where it is, and what it's called.
extension OwnProcess {
    /// The corresponding system call is `chdir`.
    public static func changeDirectory(to path: ByteString) throws(SystemError) {
        guard path.withCString({ chdir($0) }) == 0 else { throw .last("chdir") }
    }

    /// The corresponding system call is `fchdir`.
    public static func changeDirectory(to directory: borrowing FileDescriptor) throws(SystemError) {
        guard fchdir(directory.rawValue) == 0 else { throw .last("fchdir") }
    }

    /// Makes a directory its root, and its working directory. The corresponding system calls are `fchdir` and `chroot`.
    public static func changeRoot(to directory: borrowing FileDescriptor) throws(SystemError) {
        try changeDirectory(to: directory)
        try changeRootToWorkingDirectory()
    }

    /// The corresponding system call is `chroot`.
    public static func changeRootToWorkingDirectory() throws(SystemError) {
        guard chroot(".") == 0 else { throw .last("chroot") }
    }

    /// The path of its working directory. The corresponding C function is `getcwd`.
    public static func directory() throws(SystemError) -> ByteString {
        guard let path = getcwd(nil, 0) else { throw .last("getcwd") }
        defer { free(path) }
        return ByteString(cString: path)
    }

    /// Whether its working directory lies below its root. The kernel itself is asked: getcwd(2) answers with a path that begins with "/"
    /// only then. The corresponding system call is `getcwd`.
    public static func isInsideRoot() -> Bool {
        var path = [UInt8](repeating: 0, count: FileDescriptor.longestPath)
        return c_getcwd(&path, UInt(path.count)) > 0 && path[0] == UInt8(ascii: "/")
    }

    /// Sets the host name of its uts namespace. The corresponding system call is `sethostname`.
    public static func setHostName(_ name: ByteString) throws(SystemError) {
        guard name.withCString({ sethostname($0, name.count) }) == 0 else { throw .last("sethostname") }
    }

    /// The corresponding system call is `setdomainname`.
    public static func setDomainName(_ name: ByteString) throws(SystemError) {
        guard name.withCString({ setdomainname($0, name.count) }) == 0 else { throw .last("setdomainname") }
    }

    /// Brings the loopback device of its network namespace up. The corresponding operation is `SIOCSIFFLAGS` of netdevice(7).
    public static func bringUpLoopback() throws(SystemError) {
        guard c_loopback_up() == 0 else { throw .last("ioctl") }
    }
}
