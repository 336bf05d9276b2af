import Bytes
import Errors
import Linux
import OCI
import Seccomp

// What a process of ours has while others may see it in the container's pid namespace: exec's second one from its birth, the
// container's first while it waits for its start. Whoever has CAP_SYS_PTRACE there, and isn't in a user namespace of its own, may
// make it do what he likes: so it's to have no more than the container has, but to take its user and groups. That comes last, after
// Host has set the limits: without CAP_SYS_RESOURCE, Host may do that to processes of its own user only.

/// For a container without a process, which can't be started.
func giveUpAllPrivileges() throws(RuntimeError) {
    step(.reduceCapabilities)
    try explaining(.process, "the capabilities can't be given up") { () throws(SystemError) in
        try Credentials.limitBounding(to: CapabilitySet())
        try Credentials.forbidNewPrivileges()
        try ThreadCapabilities(effective: CapabilitySet(), permitted: CapabilitySet(), inheritable: CapabilitySet()).apply()
    }
}

extension ProcessExecution {
    /// Gives up what nothing more is done by.
    ///
    /// `calls`: system calls that are still to come besides those that all processes make, with their first arguments.
    ///
    /// - Returns: whether the filter is in force.
    func reducePrivileges(before calls: [FilteredCall]) throws(RuntimeError) -> Bool {
        try limitBounding()
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

    /// The bounding set: while there's CAP_SETPCAP, and before a filter could forbid it. It takes nothing from the process itself.
    private func limitBounding() throws(RuntimeError) {
        step(.limitCapabilities)
        try explaining(
            .process, "the capabilities can't be set", pointer: "/process/capabilities",
            Credentials.limitBounding(to: plan.capabilities.bounding))
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
        // It isn't always passed on in a clone (SCHED_DEADLINE, SCHED_FLAG_RESET_ON_FORK).
        if plan.spec.scheduler != nil { needed.insert(CapabilitySet.sysNice) }
        if !isFiltered { needed.bits |= neededForFilter.bits }
        return needed
    }

    /// Without no_new_privs it takes CAP_SYS_ADMIN to load a filter.
    var neededForFilter: CapabilitySet {
        var needed = CapabilitySet()
        if plan.filter != nil, !plan.spec.noNewPrivileges { needed.insert(CapabilitySet.sysAdmin) }
        return needed
    }

    /// Where the filter permits all that is still to be done, it needn't wait.
    private func loadFilterAhead(of calls: [FilteredCall]) throws(RuntimeError) -> Bool {
        guard let filter = plan.filter, !filter.needsListener, calls.allSatisfy({ filter.permits($0.number, $0.arguments) })
        else {
            return false
        }
        step(.loadSeccompFilter)
        _ = try filter.load()
        return true
    }

    /// The system calls from here to execve, but those of an error on the way: what's missing here would fail under a filter that
    /// forbids it.
    private var commonCalls: [FilteredCall] {
        var calls: [FilteredCall] = [
            // What is left here, and the end of exec's first process.
            SystemCallNumber.capget, SystemCallNumber.capset, SystemCallNumber.exitGroup,
            // Signals, ties, and the conversation with Host.
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
        if plan.spec.rlimits.contains(where: { $0.isTooLowForUs }) { calls.append((SystemCallNumber.prlimit64, [])) }
        if plan.spec.scheduler != nil { calls.append((SystemCallNumber.schedSetattr, [])) }
        if let personality = plan.personality { calls.append((SystemCallNumber.personality, [personality.domain])) }
        return calls
    }
}
