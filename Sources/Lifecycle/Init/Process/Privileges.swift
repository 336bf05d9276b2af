import Bytes
import CLinux
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
    step("reduce capabilities")
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
        step("reduce capabilities")
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            let held = try ThreadCapabilities.current().permitted
            let kept = CapabilitySet(bits: held.bits & (plan.capabilities.permitted.bits | stillNeeded(isFiltered).bits))
            try ThreadCapabilities(effective: kept, permitted: kept, inheritable: plan.capabilities.inheritable).apply()
        }
        return isFiltered
    }

    /// The bounding set: while there's CAP_SETPCAP, and before a filter could forbid it. It takes nothing from the process itself.
    private func limitBounding() throws(RuntimeError) {
        step("limit capabilities")
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            try Credentials.limitBounding(to: plan.capabilities.bounding)
        }
    }

    private func forbidNewPrivileges() throws(RuntimeError) {
        step("set no_new_privs")
        try explaining(.process, "no_new_privs can't be set", pointer: "/process/noNewPrivileges") { () throws(SystemError) in
            try Credentials.forbidNewPrivileges()
        }
    }

    private func stillNeeded(_ isFiltered: Bool) -> CapabilitySet {
        var needed = CapabilitySet()
        needed.insert(Int(CAP_SETGID))
        needed.insert(Int(CAP_SETUID))
        // It isn't always passed on in a clone (SCHED_DEADLINE, SCHED_FLAG_RESET_ON_FORK).
        if plan.spec.scheduler != nil { needed.insert(Int(CAP_SYS_NICE)) }
        if !isFiltered { needed.bits |= neededForFilter.bits }
        return needed
    }

    /// Without no_new_privs it takes CAP_SYS_ADMIN to load a filter.
    var neededForFilter: CapabilitySet {
        var needed = CapabilitySet()
        if plan.filter != nil, !plan.spec.noNewPrivileges { needed.insert(Int(CAP_SYS_ADMIN)) }
        return needed
    }

    /// Where the filter permits all that is still to be done, it needn't wait.
    private func loadFilterAhead(of calls: [FilteredCall]) throws(RuntimeError) -> Bool {
        guard let filter = plan.filter, !filter.needsListener, calls.allSatisfy({ filter.permits($0.number, $0.arguments) })
        else {
            return false
        }
        step("load seccomp filter")
        _ = try filter.load()
        return true
    }

    /// The system calls from here to execve, but those of an error on the way: what's missing here would fail under a filter that
    /// forbids it.
    private var commonCalls: [FilteredCall] {
        var calls: [FilteredCall] = [
            // What is left here, and the end of exec's first process.
            SYS_capget, SYS_capset, SYS_exit_group,
            // Signals, ties, and the conversation with Host.
            SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_setsid, SYS_prctl, SYS_poll, SYS_recvmsg,
            SYS_sendmsg, SYS_write,
            // The terminal, the program, memory.
            SYS_ioctl, SYS_dup2, SYS_close, SYS_stat, SYS_newfstatat, SYS_mmap, SYS_munmap,
            // Attributes and credentials.
            SYS_umask, SYS_close_range, SYS_setgroups, SYS_setresgid, SYS_setresuid, SYS_getuid, SYS_getgid, SYS_chdir,
            SYS_getcwd,
            SYS_execve,
        ].map { ($0, []) }
        if plan.spec.rlimits.contains(where: { $0.isTooLowForUs }) { calls.append((SYS_prlimit64, [])) }
        if plan.spec.scheduler != nil { calls.append((SYS_sched_setattr, [])) }
        if let personality = plan.personality { calls.append((SYS_personality, [personality.domain])) }
        return calls
    }
}
