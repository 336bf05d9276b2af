import CLinux
import Errors
import Linux
import OCI
import Seccomp

// What exec's second process is born with, when it is to be seen in the container's pid namespace. A process there that has
// CAP_SYS_PTRACE, and isn't in a user namespace of its own, may make it do what it likes: so it's to have no more than the container
// has, but to take its user and groups. That comes last, after Host has set the limits: without CAP_SYS_RESOURCE, Host may do that to
// processes of its own user only.
extension ProcessExecution {
    /// Gives up what nothing more is done by.
    ///
    /// - Returns: whether the filter is in force.
    func reducePrivileges() throws(RuntimeError) -> Bool {
        try limitBounding()
        if process.noNewPrivileges { try forbidNewPrivileges() }
        let isFiltered = try loadFilterAhead()
        step("reduce capabilities")
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            let held = try ThreadCapabilities.current().permitted
            let kept = CapabilitySet(bits: held.bits & (capabilities.permitted.bits | stillNeeded(isFiltered).bits))
            try ThreadCapabilities(effective: kept, permitted: kept, inheritable: capabilities.inheritable).apply()
        }
        return isFiltered
    }

    private func stillNeeded(_ isFiltered: Bool) -> CapabilitySet {
        var needed = CapabilitySet()
        needed.insert(Int(CAP_SETGID))
        needed.insert(Int(CAP_SETUID))
        // It isn't always passed on in a clone (SCHED_DEADLINE, SCHED_FLAG_RESET_ON_FORK).
        if process.scheduler != nil { needed.insert(Int(CAP_SYS_NICE)) }
        // Without no_new_privs it takes this to load a filter.
        if filter != nil, !isFiltered, !process.noNewPrivileges { needed.insert(Int(CAP_SYS_ADMIN)) }
        return needed
    }

    /// Where the filter permits all that is still to be done, the second process is born under it.
    private func loadFilterAhead() throws(RuntimeError) -> Bool {
        guard let filter, !filter.needsListener, callsToCome.allSatisfy({ filter.permits($0.number, $0.arguments) }) else {
            return false
        }
        step("load seccomp filter")
        _ = try filter.load()
        return true
    }

    /// All system calls from here to execve, but those of an error on the way: what's missing here would fail under a filter that
    /// forbids it.
    private var callsToCome: [(number: Int32, arguments: [UInt64])] {
        var calls: [(number: Int32, arguments: [UInt64])] = [
            // What is left to the first process.
            SYS_capget, SYS_capset, SYS_exit_group,
            // The second one's isolation, and its conversation with Host.
            SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_setsid, SYS_prctl, SYS_poll, SYS_recvmsg,
            SYS_sendmsg, SYS_write,
            // The terminal, the program, memory.
            SYS_ioctl, SYS_dup2, SYS_close, SYS_stat, SYS_newfstatat, SYS_mmap, SYS_munmap,
            // Attributes and credentials.
            SYS_umask, SYS_close_range, SYS_setgroups, SYS_setresgid, SYS_setresuid, SYS_getuid, SYS_getgid, SYS_chdir,
            SYS_getcwd,
            SYS_execve,
        ].map { ($0, []) }
        calls.append((SYS_clone, [c_sibling_flags]))
        if process.scheduler != nil { calls.append((SYS_sched_setattr, [])) }
        if let personality { calls.append((SYS_personality, [personality.domain])) }
        return calls
    }
}
