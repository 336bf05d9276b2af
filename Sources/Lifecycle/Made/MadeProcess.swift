import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// Identifies a container's first process, so that another process that got the same pid later isn't taken for it.
struct MadeProcess: Sendable {
    let pid: Int32
    /// The start time in clock ticks since boot: `starttime` in proc_pid_stat(5).
    let startTime: UInt64
    /// `ProcessHandle.identity`: 0 before kernel 6.9.
    let identity: UInt64
    /// The kernel's name for the time since the machine's start: see `ProcFileSystem.boot`. nil if it couldn't be read.
    var boot: ByteString?

    /// Opens a handle on this very process.
    ///
    /// - Parameter procfs: The procfs to look at.
    /// - Returns: nil if the process has ended.
    /// - Throws: `system` if that can't be told: a running container that counts as stopped could be deleted.
    func handle(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> ProcessHandle? {
        try explaining(.system, "can't tell whether the container's process " + String(pid) + " is there") {
            () throws(SystemError) in
            // Opened before the check: once we hold a pidfd, the pid can't pass to another process unnoticed.
            guard let handle = try ProcessHandle.ofExisting(pid: pid), !handle.hasEnded() else { return nil }
            if identity != 0, let boot, let now = procfs.boot() {
                // The state root can be on a disk: after a restart another process can have the same numbers. In the same boot
                // the kernel is the same, and so the inode is that of pidfs again.
                guard boot == now, try handle.descriptor.status().inode == identity else { return nil }
                return handle
            }
            guard let birth = try procfs.birth(of: pid), birth.startTime == startTime else { return nil }
            // Within one clock tick a pid can pass to another process, which then has the same start time.
            if identity != 0, try handle.identity != identity { return nil }
            return handle
        }
    }

    /// Kills the process, and with it everything that the kernel ends together with it.
    ///
    /// - Parameters:
    ///   - cgroup: The container's cgroup. It may be frozen, and a frozen process doesn't die, so the cgroup is thawed.
    ///   - procfs: The procfs to look at.
    /// - Throws: `timeout` if the process still exists after 10 seconds.
    func end(in cgroup: CgroupRecord?, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step(.endProcesses)
        guard let process = try handle(procfs) else { return }
        try process.kill()
        if let cgroup { try Cgroup(record: cgroup).thawToEnd() }
        guard process.waitForEnd(milliseconds: 10_000) else {
            throw RuntimeError(
                .timeout, "the container's first process, " + String(pid) + ", hasn't ended 10 seconds after SIGKILL",
                hint: "is it waiting for a disk or a network file system?")
        }
    }

    /// Writes the members that `init(_:)` reads.
    func write(to json: inout JSONWriter) {
        json.member("pid", pid)
        json.member("startTime", startTime)
        json.member("identity", identity)
        if let boot { json.member("boot", boot) }
    }
}

extension MadeProcess {
    /// Reads the members that `write(to:)` wrote: nil if they're damaged.
    init?(_ json: JSONValue) {
        guard let pid = json["pid"]?.integer(as: Int32.self), pid > 0,
            let startTime = json["startTime"]?.integer(as: UInt64.self),
            let identity = json["identity"]?.integer(as: UInt64.self)
        else { return nil }
        // Earlier versions have no "boot".
        self.init(pid: pid, startTime: startTime, identity: identity, boot: json["boot"]?.string)
    }
}

extension ProcessHandle {
    /// Kills the container's first process. It's no error if the process has ended already.
    borrowing func kill() throws(RuntimeError) {
        do throws(SystemError) {
            try send(signal: Signal.kill)
        } catch  where error.errno != .ESRCH {
            throw RuntimeError(.system, "the container's first process can't be killed", error)
        } catch {}
    }
}
