import Bytes
public import Errors
import Linux

extension Cgroup {
    /// The processes in the cgroup and in all cgroups below it, with their pids in the caller's pid namespace.
    public func processes() throws(RuntimeError) -> [Int32] {
        guard let group = processGroup else { return [] }
        return try explaining(.cgroup, "can't list the container's processes", path: group.place()) { () throws(SystemError) in
            do throws(SystemError) {
                return try group.directory().processes()
            } catch {
                if error.errno == .ENOENT { return [] }
                throw error
            }
        }
    }

    /// Sends a signal to all processes in the cgroup and in the cgroups below it.
    ///
    /// Except for SIGKILL with cgroup.kill, the cgroup is frozen meanwhile, so that no process can fork, and thawed in any
    /// case. SIGKILL also thaws cgroups that were frozen before, including those below, so that their processes can end. Other
    /// signals leave a paused container paused. A cgroup that is gone has no processes, so that isn't an error.
    ///
    /// - Parameters:
    ///   - signal: the signal's number.
    ///   - milliseconds: the longest wait for the freezer.
    /// - Throws: `cgroup` if a process can't be signalled, or if the cgroup can't be thawed.
    public func kill(_ signal: Int32, within milliseconds: Int = 2000) throws(RuntimeError) {
        do throws(RuntimeError) {
            try signalAll(signal, within: milliseconds)
        } catch  where error.errno == .ENOENT || error.errno == .ENODEV {
            // systemd removes the cgroup of a unit as soon as the unit's last process has ended.
            if try exists() { throw error }
        }
    }

    private func signalAll(_ signal: Int32, within milliseconds: Int) throws(RuntimeError) {
        if signal == Signal.kill, try killAtOnce(until: Deadline(milliseconds: milliseconds)) { return }
        let freezer = try freezer()
        let wasFrozen = try freezer?.isFrozen() ?? false
        var stands = wasFrozen
        if let freezer, !wasFrozen {
            // If the cgroup can't be frozen in time, its processes are signalled while they run.
            stands = (try? freezer.freeze(until: Deadline(milliseconds: milliseconds))) != nil
        }
        let outcome: Result<Void, RuntimeError>
        do throws(RuntimeError) {
            outcome = .success(try signalEach(signal, stands: stands))
        } catch {
            outcome = .failure(error)
        }
        if let freezer {
            let deadline = Deadline(milliseconds: milliseconds)
            if signal == Signal.kill {
                try freezer.thawToEnd(until: deadline)
            } else if !wasFrozen {
                try freezer.thaw(until: deadline)
            }
        }
        try outcome.get()
    }

    /// Kills all processes with cgroup.kill of v2 (kernel 5.14), from which no process can escape by forking. The answer is
    /// false if processes may be left that cgroup.kill doesn't reach.
    private func killAtOnce(until deadline: Deadline) throws(RuntimeError) -> Bool {
        guard let group = groups.first(where: { $0.version == .v2 }) else { return false }
        do throws(SystemError) {
            try group.directory().write("cgroup.kill", "1")
        } catch {
            if error.errno == .ENOENT || error.errno == .EOPNOTSUPP { return false }
            throw RuntimeError(.cgroup, "can't kill the container's processes", error, path: group.place())
        }
        guard let freezer = try freezer(), freezer.version == .v1 else { return true }
        // On a hybrid host a v1 freezer keeps killed processes from ending, and a process may be only in the v1 hierarchies.
        try freezer.thawToEnd(until: deadline)
        while !deadline.isOver {
            if try processes().isEmpty { return true }
            let events = try explaining(
                .cgroup, "can't look into the cgroup", path: group.place(), group.directory().read("cgroup.events"))
            if KeyedValues(events)["populated"] == 0 { break }
            Clock.sleep(microseconds: 500)
        }
        return try processes().isEmpty
    }

    /// Signals the processes through pidfds. If the cgroup isn't frozen (`stands` is false), a process must be listed both
    /// before and after its pidfd is opened: otherwise another process may have got the pid meanwhile.
    private func signalEach(_ signal: Int32, stands: Bool) throws(RuntimeError) {
        var signalled = SortedSet<Int32>()
        // Further rounds kill processes that were forked meanwhile. Other signals are sent only once.
        for _ in 0..<(signal == Signal.kill && !stands ? 16 : 1) {
            let listed = try processes().filter { $0 > 0 && !signalled.contains($0) }
            if listed.isEmpty { return }
            // A limited number at a time, because the number of open descriptors is limited.
            for start in stride(from: 0, to: listed.count, by: 200) {
                try signalSome(listed[start..<min(start + 200, listed.count)], signal, stands: stands)
            }
            for pid in listed { signalled.insert(pid) }
        }
    }

    private func signalSome(_ listed: ArraySlice<Int32>, _ signal: Int32, stands: Bool) throws(RuntimeError) {
        var handles: [(pid: Int32, handle: SharedDescriptor)] = []
        for pid in listed {
            let handle = try explaining(
                .cgroup, "can't reach process " + String(pid), ProcessHandle.ofExisting(pid: pid))
            if let handle { handles.append((pid, handle.shared())) }
        }
        let still = stands ? nil : try SortedSet(processes())
        for (pid, handle) in handles where still?.contains(pid) ?? true {
            do throws(SystemError) {
                try handle.file.send(signal: signal)
            } catch  where error.errno != .ESRCH {
                throw RuntimeError(.cgroup, "can't send signal " + String(signal) + " to process " + String(pid), error)
            } catch {}
        }
    }

    /// The group whose processes are listed. It's the freezer's, if there is one, so that exactly the frozen processes are
    /// listed.
    private var processGroup: Group? {
        for controller: Controller in [.freezer, .devices, .pids, .memory] {
            if let group = groups.first(where: { $0.controllers.contains(controller) }) { return group }
        }
        return groups.first { $0.version == .v2 } ?? groups.first
    }
}
