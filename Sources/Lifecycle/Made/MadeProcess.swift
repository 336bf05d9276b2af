import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// A container's first process, so that it isn't taken for another one that came to have its pid.
struct MadeProcess: Sendable {
    let pid: Int32
    /// Clock ticks since the machine's start: proc_pid_stat(5), `starttime`.
    let startTime: UInt64
    /// The inode of its pidfd, which the kernel gives only once: 0 before kernel 6.9.
    let identity: UInt64

    /// A handle on the very process: nil where it has ended.
    ///
    /// What can't be found out is an error: whoever takes a running container for ended deletes it.
    func handle(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> ProcessHandle? {
        try explaining(.system, "can't tell whether the container's process " + String(pid) + " is there") {
            () throws(SystemError) in
            // Opened first and checked then: from there on the number can't come to mean another.
            guard let handle = try ProcessHandle.ofExisting(pid: pid), let birth = try procfs.birth(of: pid),
                birth.startTime == startTime, birth.state != UInt8(ascii: "Z"), birth.state != UInt8(ascii: "X")
            else { return nil }
            // Two processes can come to one number within a clock tick.
            if identity != 0, try handle.identity != identity { return nil }
            return handle
        }
    }

    /// Ends it, and whatever of the container ends with it. `cgroup`: where it may be frozen, which would keep it from dying.
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

    func write(to json: inout JSONWriter) {
        json.member("pid", pid)
        json.member("startTime", startTime)
        json.member("identity", identity)
    }
}

extension MadeProcess {
    /// nil for what `write` didn't write.
    init?(_ json: JSONValue) {
        guard let pid = json["pid"]?.integer(as: Int32.self), pid > 0,
            let startTime = json["startTime"]?.integer(as: UInt64.self),
            let identity = json["identity"]?.integer(as: UInt64.self)
        else { return nil }
        self.init(pid: pid, startTime: startTime, identity: identity)
    }
}

extension ProcessHandle {
    /// Kills it. That it has ended already is no error.
    borrowing func kill() throws(RuntimeError) {
        do throws(SystemError) {
            try send(signal: Signal.kill)
        } catch  where error.errno != .ESRCH {
            throw RuntimeError(.system, "the container's first process can't be killed", error)
        } catch {}
    }
}
