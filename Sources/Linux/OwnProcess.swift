public import Bytes
import CLinux
public import Errors

/// The calling process itself.
public enum OwnProcess {
    /// This process's pid in its pid namespace. The corresponding system call is `getpid`.
    public static var pid: Int32 { getpid() }

    /// An argument of the program; number 0 is the program's name. nil past the end.
    public static func argument(_ index: Int) -> ByteString? { c_argument(Int32(index)).map { ByteString(cString: $0) } }

    /// Ends this process at once: nothing is written or freed first. The corresponding system call is `exit_group`.
    public static func exit(_ status: Int32) -> Never { _exit(status) }

    /// Ends this process even if a seccomp filter forbids `exit_group`: an invalid instruction then makes the kernel kill it.
    public static func exitDespiteFilter(_ status: Int32) -> Never { c_end_for_good(status) }

    /// Sleeps for ever. Signals can still end this process, and their handlers run.
    public static func sleepForEver() -> Never {
        while true { _ = pause() }
    }

    /// Makes this process the leader of a new session. Without effect if it leads a process group already. The corresponding
    /// system call is `setsid`.
    public static func startSession() { _ = setsid() }

    /// Sets the permissions that new files don't get. The corresponding system call is `umask`.
    public static func setUmask(_ mask: UInt32) { _ = umask(mask) }

    /// Sets whether other processes of the same user may trace this process, read its memory and use its links in /proc
    /// (`PR_SET_DUMPABLE`).
    public static func setDumpable(_ isDumpable: Bool) throws(SystemError) {
        guard c_prctl(PR_SET_DUMPABLE, isDumpable ? 1 : 0, 0, 0, 0) == 0 else { throw .last("prctl") }
    }

    /// Sets the signal that the kernel sends this process when its parent ends; nil for none (`PR_SET_PDEATHSIG`). The kernel
    /// clears the setting on every change of credentials, and a cloned process doesn't inherit it.
    public static func setParentDeathSignal(_ signal: Int32?) throws(SystemError) {
        guard c_prctl(PR_SET_PDEATHSIG, UInt(signal ?? 0), 0, 0, 0) == 0 else { throw .last("prctl") }
    }

    /// Makes orphans among this process's descendants its children (`PR_SET_CHILD_SUBREAPER`).
    public static func becomeSubreaper() { _ = c_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

    /// The pid of a child that has ended and isn't reaped yet; nil if there is none. The corresponding system call is `waitid`
    /// with `WNOWAIT`.
    public static func endedChild() -> Int32? {
        let pid = c_ended_child()
        return pid > 0 ? pid : nil
    }

    /// Reaps a child that has ended. The corresponding system call is `wait4`.
    public static func reap(_ pid: Int32) { _ = waitpid(pid, nil, WNOHANG) }

    /// Executes another program in this process. The corresponding system call is `execve`.
    ///
    /// - Parameters:
    ///   - program: the path of the program's file.
    ///   - arguments: the arguments, the program's name first.
    ///   - environment: "NAME=VALUE" each.
    /// - Returns: the error; the function returns only if the call fails.
    public static func execute(_ program: ByteString, _ arguments: CStringArray, _ environment: CStringArray) -> Errno {
        _ = program.withCString { c_execve($0, arguments.pointer, environment.pointer) }
        return .last
    }

    /// Closes all descriptors with these numbers. The corresponding system call is `close_range`.
    public static func closeDescriptors(_ range: ClosedRange<UInt32>) throws(SystemError) {
        guard c_close_range(range.lowerBound, range.upperBound, 0) == 0 else { throw .last("close_range") }
    }

    /// Joins the session keyring of this name, or makes it if there is none (`KEYCTL_JOIN_SESSION_KEYRING`).
    public static func joinSessionKeyring(_ name: ByteString) throws(SystemError) {
        let result = name.withCString { c_keyctl(KEYCTL_JOIN_SESSION_KEYRING, UInt(bitPattern: $0), 0, 0) }
        guard result >= 0 else { throw .last("keyctl") }
    }

    /// Lets another process that waits for this processor run first. The corresponding system call is `sched_yield`.
    public static func yield() { sched_yield() }

    /// The size of a page of memory in bytes.
    public static var pageSize: Int { sysconf(Int32(_SC_PAGESIZE)) }
}

/// How this process is scheduled, and its limits. See sched(7).
extension OwnProcess {
    /// Sets the CPUs on which this process may run, one bit for each. Errors are ignored. The corresponding system call is
    /// `sched_setaffinity`.
    public static func setAffinity(_ mask: [UInt8]) { _ = c_sched_setaffinity(0, UInt(mask.count), mask) }

    /// Sets the scheduling policy. `runtime`, `deadline` and `period` are nanoseconds. The corresponding system call is
    /// `sched_setattr`.
    public static func setScheduler(
        policy: UInt32, flags: UInt64, nice: Int32, priority: UInt32, runtime: UInt64, deadline: UInt64, period: UInt64
    ) throws(SystemError) {
        guard c_sched_setattr(policy, flags, nice, priority, runtime, deadline, period) == 0 else { throw .last("sched_setattr") }
    }

    /// Sets the class and priority of input and output. The corresponding system call is `ioprio_set`.
    public static func setIOPriority(class kind: Int32, _ priority: Int32) throws(SystemError) {
        guard c_ioprio_set(1 /* IOPRIO_WHO_PROCESS */, 0, kind << 13 | priority) == 0 else { throw .last("ioprio_set") }
    }

    /// Sets the NUMA memory policy, which child processes inherit. The corresponding system call is `set_mempolicy`.
    ///
    /// - Parameters:
    ///   - mode: `MPOL_…`, with `MPOL_F_…` or-ed to it.
    ///   - nodes: One bit for each memory node, in whole words of eight bytes.
    /// - Throws: The error of the call.
    public static func setMemoryPolicy(_ mode: UInt32, nodes: [UInt8]) throws(SystemError) {
        let result = nodes.withUnsafeBytes {
            // The kernel reads one bit less than the number says: mm/mempolicy.c, get_nodes.
            c_set_mempolicy(Int32(mode), $0.assumingMemoryBound(to: UInt.self).baseAddress, UInt(nodes.count * 8 + 1))
        }
        guard result == 0 else { throw .last("set_mempolicy") }
    }

    /// Sets the execution domain. The corresponding system call is `personality`.
    public static func setPersonality(_ domain: UInt64) throws(SystemError) {
        guard c_personality(UInt(domain)) >= 0 else { throw .last("personality") }
    }

    /// Sets a resource limit of a process; pid 0 is the calling process. The corresponding system call is `prlimit64`.
    public static func setLimit(of pid: Int32 = 0, _ resource: Int32, soft: UInt64, hard: UInt64) throws(SystemError) {
        guard c_prlimit(pid, resource, soft, hard) == 0 else { throw .last("prlimit") }
    }
}

/// The directories of this process, and the names and network devices of its namespaces.
extension OwnProcess {
    /// Changes the working directory to the one at a path. The corresponding system call is `chdir`.
    public static func changeDirectory(to path: ByteString) throws(SystemError) {
        guard path.withCString({ chdir($0) }) == 0 else { throw .last("chdir") }
    }

    /// Changes the working directory to an open one. The corresponding system call is `fchdir`.
    public static func changeDirectory(to directory: borrowing FileDescriptor) throws(SystemError) {
        guard fchdir(directory.rawValue) == 0 else { throw .last("fchdir") }
    }

    /// Makes a directory the root and the working directory of this process. The corresponding system calls are `fchdir` and
    /// `chroot`.
    public static func changeRoot(to directory: borrowing FileDescriptor) throws(SystemError) {
        try changeDirectory(to: directory)
        try changeRootToWorkingDirectory()
    }

    /// Makes the working directory the root of this process. The corresponding system call is `chroot`.
    public static func changeRootToWorkingDirectory() throws(SystemError) {
        guard chroot(".") == 0 else { throw .last("chroot") }
    }

    /// Makes the root of the mount namespace the root and the working directory of this process, which may be in a chroot. The
    /// corresponding system call is `setns` with the namespace that the process is in already.
    ///
    /// - Returns: false if the process may not do that: it takes CAP_SYS_CHROOT and CAP_SYS_ADMIN.
    @discardableResult
    public static func changeRootToThatOfTheMountNamespace() throws(SystemError) -> Bool {
        do throws(SystemError) {
            try ProcessHandle(pid: getpid()).descriptor.enterNamespace(.mount)
            return true
        } catch  where error.errno == .EPERM {
            return false
        }
    }

    /// Calls `body` with the root of the mount namespace as the root, and goes back to the process's own root and working
    /// directory. The corresponding system calls are `setns`, `fchdir` and `chroot`.
    public static func withRootOfTheMountNamespace(_ body: () throws(SystemError) -> Void) throws(SystemError) {
        let root = try FileDescriptor.open("/", flags: [.path, .directory])
        // A user namespace may have no access to it. Then no path leads from there either.
        let directory = try? FileDescriptor.open(".", flags: [.path, .directory])
        let isThere = try changeRootToThatOfTheMountNamespace()
        try body()
        guard isThere else { return }
        try changeRoot(to: root)
        if let directory { try changeDirectory(to: directory) }
    }

    /// The path of the working directory. The corresponding C function is `getcwd`.
    public static func directory() throws(SystemError) -> ByteString {
        guard let path = getcwd(nil, 0) else { throw .last("getcwd") }
        defer { free(path) }
        return ByteString(cString: path)
    }

    /// Whether the working directory is below the root. The kernel's own `getcwd` tells: only in this case does its path begin
    /// with "/" (getcwd(2)).
    public static func isInsideRoot() -> Bool {
        var path = [UInt8](repeating: 0, count: FileDescriptor.longestPath)
        return c_getcwd(&path, UInt(path.count)) > 0 && path[0] == UInt8(ascii: "/")
    }

    /// Sets the host name of this process's uts namespace. The corresponding system call is `sethostname`.
    public static func setHostName(_ name: ByteString) throws(SystemError) {
        guard name.withCString({ sethostname($0, name.count) }) == 0 else { throw .last("sethostname") }
    }

    /// Sets the NIS domain name of this process's uts namespace. The corresponding system call is `setdomainname`.
    public static func setDomainName(_ name: ByteString) throws(SystemError) {
        guard name.withCString({ setdomainname($0, name.count) }) == 0 else { throw .last("setdomainname") }
    }

    /// Brings the loopback device of this process's network namespace up. The corresponding operation is `SIOCSIFFLAGS` of
    /// netdevice(7).
    public static func bringUpLoopback() throws(SystemError) {
        guard c_loopback_up() == 0 else { throw .last("ioctl") }
    }
}
