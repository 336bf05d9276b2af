import Bytes
public import Errors
import Linux

extension Cgroup {
    /// The processes in the cgroup and in all below it, as the caller's pid namespace numbers them.
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

    /// Sends a signal to all its processes.
    ///
    /// SIGKILL reaches those that are frozen too, in cgroups below as well, and thaws them. Other signals leave a paused container paused. While the signal
    /// is sent, the cgroup is frozen, so that no process can be born meanwhile: whatever happens, it's thawed again.
    public func kill(_ signal: Int32, within milliseconds: Int = 2000) throws(RuntimeError) {
        if signal == Signal.kill, try killAtOnce(until: Deadline(milliseconds: milliseconds)) { return }
        let freezer = try freezer()
        let wasFrozen = try freezer?.isFrozen() ?? false
        var stands = wasFrozen
        if let freezer, !wasFrozen {
            // What can't be frozen in time is signalled running.
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

    /// cgroup.kill of v2 (kernel 5.14), which no fork can outrun. False where there are, or may be, processes that it doesn't reach.
    private func killAtOnce(until deadline: Deadline) throws(RuntimeError) -> Bool {
        guard let group = groups.first(where: { $0.version == .v2 }) else { return false }
        do throws(SystemError) {
            try group.directory().write("cgroup.kill", "1")
        } catch {
            if error.errno == .ENOENT || error.errno == .EOPNOTSUPP { return false }
            throw RuntimeError(.cgroup, "can't kill the container's processes", error, path: group.place())
        }
        guard let freezer = try freezer(), freezer.version == .v1 else { return true }
        // On a hybrid host a v1 freezer keeps the killed from dying, and a process may be in the v1 trees alone.
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

    /// Signals by pidfds. Of a cgroup that doesn't stand still, only processes that are listed before and after their pidfd was
    /// opened: a number in between may have become another process'.
    private func signalEach(_ signal: Int32, stands: Bool) throws(RuntimeError) {
        var signalled = SortedSet<Int32>()
        // Those born meanwhile die in a further round; other signals are sent once.
        for _ in 0..<(signal == Signal.kill && !stands ? 16 : 1) {
            let listed = try processes().filter { $0 > 0 && !signalled.contains($0) }
            if listed.isEmpty { return }
            // Not more descriptors at a time than any process may have.
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

    /// The hierarchy whose lists are read: the freezer's, so that what is listed is what is frozen.
    private var processGroup: Group? {
        for controller: Controller in [.freezer, .devices, .pids, .memory] {
            if let group = groups.first(where: { $0.controllers.contains(controller) }) { return group }
        }
        return groups.first { $0.version == .v2 } ?? groups.first
    }
}
