import Bytes
import Errors
import Linux
import OCI
import Seccomp

// The privileges of a process of ours while the container's processes may see it: the container's first process while it waits
// for `start`, and exec's second process from its birth. A container process that has CAP_SYS_PTRACE, and isn't in a user
// namespace of its own, can trace it and control it. So it must hold no more privileges than the container, except those it
// needs to switch to the container's user and groups. It switches last, after Host has set the limits: without
// CAP_SYS_RESOURCE, Host can set them only for processes of its own user.

/// Drops all privileges, for a container without a process, which can't be started.
func giveUpAllPrivileges(_ status: OwnStatus?) throws(RuntimeError) {
    step(.reduceCapabilities)
    try explaining(.process, "the capabilities can't be given up") { () throws(SystemError) in
        try Credentials.limitBounding(to: CapabilitySet(), status)
        try Credentials.forbidNewPrivileges()
        try ThreadCapabilities(effective: CapabilitySet(), permitted: CapabilitySet(), inheritable: CapabilitySet()).apply()
    }
}

extension ProcessExecution {
    /// Drops every privilege that the remaining steps don't need, and loads the filter if it permits all of these steps.
    ///
    /// - Parameters:
    ///   - calls: The system calls that this process will make besides those that all processes make.
    ///   - status: Tells whether the bounding set is limited, and is closed then.
    /// - Returns: Whether the filter is loaded.
    /// - Throws: The error of the first privilege that can't be dropped.
    func reducePrivileges(before calls: [FilteredCall], _ status: OwnStatus? = nil) throws(RuntimeError) -> Bool {
        try limitBounding(status)
        status?.close()
        if plan.spec.noNewPrivileges { try forbidNewPrivileges() }
        let isFiltered = try loadFilterAhead(of: commonCalls + calls)
        step(.reduceCapabilities)
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            let held = try ThreadCapabilities.current().permitted
            let kept = CapabilitySet(bits: held.bits & (plan.capabilities.permitted.bits | stillNeeded(isFiltered).bits))
            try ThreadCapabilities(effective: kept, permitted: kept, inheritable: plan.capabilities.inheritable).apply()
        }
        return isFiltered
    }

    /// Limits the bounding set, while the process has CAP_SETPCAP and before a filter could forbid it. The process itself loses
    /// no capability by that.
    private func limitBounding(_ status: OwnStatus?) throws(RuntimeError) {
        step(.limitCapabilities)
        try explaining(
            .process, "the capabilities can't be set", pointer: "/process/capabilities",
            Credentials.limitBounding(to: plan.capabilities.bounding, status))
    }

    private func forbidNewPrivileges() throws(RuntimeError) {
        step(.setNoNewPrivileges)
        try explaining(
            .process, "no_new_privs can't be set", pointer: "/process/noNewPrivileges", Credentials.forbidNewPrivileges())
    }

    private func stillNeeded(_ isFiltered: Bool) -> CapabilitySet {
        var needed = CapabilitySet()
        needed.insert(CapabilitySet.setgid)
        needed.insert(CapabilitySet.setuid)
        // The scheduler is set just before execve: a clone doesn't always inherit it (SCHED_DEADLINE,
        // SCHED_FLAG_RESET_ON_FORK).
        if plan.spec.scheduler != nil { needed.insert(CapabilitySet.sysNice) }
        if !isFiltered { needed.bits |= neededForFilter.bits }
        return needed
    }

    /// The capabilities for loading the filter: without no_new_privs the kernel demands CAP_SYS_ADMIN, seccomp(2).
    var neededForFilter: CapabilitySet {
        var needed = CapabilitySet()
        if plan.filter != nil, !plan.spec.noNewPrivileges { needed.insert(CapabilitySet.sysAdmin) }
        return needed
    }

    /// Loads the filter now if it permits all calls that are still to come.
    ///
    /// - Returns: Whether the filter is loaded.
    private func loadFilterAhead(of calls: [FilteredCall]) throws(RuntimeError) -> Bool {
        guard let filter = plan.filter, !filter.needsListener, calls.allSatisfy({ filter.permits($0.number, $0.arguments) })
        else {
            return false
        }
        step(.loadSeccompFilter)
        _ = try filter.load()
        return true
    }

    /// All system calls between here and execve, error paths excepted. If one were missing, a filter that forbids it would be
    /// loaded too early, and the call would fail.
    private var commonCalls: [FilteredCall] {
        var calls: [FilteredCall] = [
            // The rest of `reducePrivileges`, and the end of exec's first process.
            SystemCallNumber.capget, SystemCallNumber.capset, SystemCallNumber.exitGroup,
            // Signals, the parent-death signal, and the conversation with Host.
            SystemCallNumber.rtSigaction, SystemCallNumber.rtSigprocmask, SystemCallNumber.rtSigreturn,
            SystemCallNumber.sigaltstack, SystemCallNumber.setsid, SystemCallNumber.prctl, SystemCallNumber.poll,
            SystemCallNumber.recvmsg,
            SystemCallNumber.sendmsg, SystemCallNumber.write,
            // The terminal, the program, memory.
            SystemCallNumber.ioctl, SystemCallNumber.dup2, SystemCallNumber.close, SystemCallNumber.stat,
            SystemCallNumber.newfstatat, SystemCallNumber.mmap, SystemCallNumber.munmap,
            // Attributes and credentials.
            SystemCallNumber.umask, SystemCallNumber.closeRange, SystemCallNumber.setgroups, SystemCallNumber.setresgid,
            SystemCallNumber.setresuid, SystemCallNumber.getuid, SystemCallNumber.getgid, SystemCallNumber.chdir,
            SystemCallNumber.getcwd,
            SystemCallNumber.execve,
        ].map { ($0, []) }
        if StepNotes.areKept { calls += [(SystemCallNumber.getpid, []), (SystemCallNumber.clockGettime, [])] }
        if plan.spec.rlimits.contains(where: { $0.isTooLowForUs }) { calls.append((SystemCallNumber.prlimit64, [])) }
        if plan.spec.scheduler != nil { calls.append((SystemCallNumber.schedSetattr, [])) }
        if let personality = plan.personality { calls.append((SystemCallNumber.personality, [personality.domain])) }
        return calls
    }
}
