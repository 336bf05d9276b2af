import Bytes
import CLinux
import Errors
import Linux
import OCI
import Seccomp

/// The last steps of a process on its way into a container's program: of the first one at `start`, and of each that `exec` brings.
struct ProcessExecution {
    let plan: ProcessPlan

    private var process: Process { plan.spec }

    /// Finds the program and checks that it can be run.
    func findProgram(seesAll: Bool = true) throws(RuntimeError) -> ByteString {
        step("find program")
        return try ProgramLookup(plan.spec).find(seesAll: seesAll)
    }

    /// Becomes the program, after `reducePrivileges`. Returns only by an error.
    ///
    /// `filter`: what has still to be loaded. Behind it nothing is called but execve: a filter may forbid anything else.
    ///
    /// `starter`: is told right before what comes next can silence us, and the error if it fails.
    func execute(
        _ program: ByteString, environment: [ByteString], filter: SeccompProgram?, entersDirectoryLate: Bool,
        _ starter: borrowing Handshake
    ) throws(RuntimeError) {
        // Everything that allocates comes before the filter, which may forbid it.
        let arguments = CStringArray(process.args)
        let environment = CStringArray(environment)
        try setScheduling()
        try lowerFileLimit()
        _ = umask(process.user.umask ?? 0o022)
        // All but the streams and what was asked to be kept is gone. The conversation ends by itself in execve.
        try closeDescriptors(from: 3 + Int32(plan.preservedDescriptors), but: [starter.rawValue])
        try takeCredentials(keeping: filter == nil ? CapabilitySet() : neededForFilter)
        if entersDirectoryLate { try enterWorkingDirectoryAsUser() }
        guard let filter else {
            step("execve")
            try starter.tell(.executing)
            _ = program.withCString { c_execve($0, arguments.pointer, environment.pointer) }
            throw ProcessExecution.failure(of: program, errno: c_errno())
        }
        try execute(program, arguments, environment, under: filter, starter)
    }

    /// Why a program could not be executed.
    static func failure(of program: ByteString, errno: Int32) -> RuntimeError {
        RuntimeError(
            .program, "unable to start container process: exec: \"" + program.displayText + "\"",
            SystemError("execve", errno: errno),
            pointer: "/process/args/0", path: program, hint: hint(forExecution: errno))
    }

    private static func hint(forExecution errno: Int32) -> String? {
        switch errno {
        case ENOENT: "is the file still there, and the interpreter that it names?"
        case ENOEXEC: "is it a program for another machine, or a script without #! line?"
        case EACCES: "may the configured user execute it, and is its mount noexec?"
        default: nil
        }
    }

    /// What passes on in a clone: the class for real time takes CAP_SYS_ADMIN, before kernel 5.14.
    func setIOPriority() throws(RuntimeError) {
        step("set scheduling")
        guard let priority = process.ioPriority else { return }
        // ioprio_set(2): the class stands above 13 bits of priority; 1 is IOPRIO_WHO_PROCESS.
        guard c_ioprio_set(1, 0, priority.class.rawValue << 13 | priority.priority) == 0 else {
            throw RuntimeError(.process, "can't be set", .last("ioprio_set"), pointer: "/process/ioPriority")
        }
    }

    /// Nothing is opened from here on but the listener of a filter.
    private func lowerFileLimit() throws(RuntimeError) {
        for (index, limit) in process.rlimits.enumerated() where limit.isTooLowForUs {
            step("set resource limits")
            guard c_prlimit(0, limit.resource.rawValue, limit.soft, limit.hard) == 0 else {
                throw RuntimeError(
                    .process, "the resource limit can't be set", .last("prlimit"), pointer: "/process/rlimits/" + String(index))
            }
        }
    }

    private func setScheduling() throws(RuntimeError) {
        step("set scheduling")
        if let scheduler = process.scheduler {
            let result = c_sched_setattr(
                scheduler.policy.rawValue, scheduler.flags, scheduler.nice, UInt32(bitPattern: scheduler.priority),
                scheduler.runtime,
                scheduler.deadline, scheduler.period)
            guard result == 0 else {
                throw RuntimeError(.process, "can't be set", .last("sched_setattr"), pointer: "/process/scheduler")
            }
        }
        if let personality = plan.personality {
            guard c_personality(UInt(personality.domain)) >= 0 else {
                throw RuntimeError(.process, "can't be set", .last("personality"), pointer: "/linux/personality")
            }
        }
    }

    /// The order is the kernel's: groups while there's CAP_SETGID, then the user, with the capabilities kept over the change, then
    /// exactly the sets that were asked for.
    ///
    /// `kept`: capabilities to have until execve, too. What the process has after execve doesn't depend on them: the kernel makes that of
    /// the bounding, inheritable and ambient sets, the user and the file (capabilities(7), "Transformation of capabilities").
    private func takeCredentials(keeping kept: CapabilitySet) throws(RuntimeError) {
        step("set credentials")
        let sets = plan.capabilities
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            try Credentials.keepCapabilities(true)
        }
        try explaining(.process, "the groups can't be set", pointer: "/process/user") { () throws(SystemError) in
            do throws(SystemError) {
                try Credentials.setGroups(process.user.additionalGids)
            } catch  where error.errno == EPERM && process.user.additionalGids.isEmpty && plan.isInUserNamespace {
                // Whoever may not map groups may not drop them either (user_namespaces(7), "setgroups").
            }
            try Credentials.setGroup(process.user.gid)
        }
        try explaining(.process, "the user can't be set", pointer: "/process/user/uid") { () throws(SystemError) in
            try Credentials.setUser(process.user.uid)
        }
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            try Credentials.keepCapabilities(false)
            let wanted = ThreadCapabilities(
                effective: CapabilitySet(bits: sets.effective.bits | kept.bits),
                permitted: CapabilitySet(bits: sets.permitted.bits | kept.bits), inheritable: sets.inheritable)
            try wanted.apply()
            try Credentials.setAmbient(sets.ambient)
        }
        guard getuid() == process.user.uid, getgid() == process.user.gid else {
            throw RuntimeError(.process, "the kernel kept another user than the one that was set", pointer: "/process/user")
        }
    }

    // MARK: Working directory

    /// With all rights, which an ordinary user, or root without CAP_DAC_OVERRIDE, may lack.
    ///
    /// - Returns: false where it can't be entered. The user may have the right: then `enterWorkingDirectoryAsUser` does it, or says why
    ///   not.
    func enterWorkingDirectory() -> Bool {
        step("enter working directory")
        if process.cwd.withCString({ chdir($0) }) == 0, (try? ProgramLookup.requireReachable()) != nil { return true }
        _ = chdir("/")
        return false
    }

    private func enterWorkingDirectoryAsUser() throws(RuntimeError) {
        step("enter working directory")
        do throws(SystemError) {
            guard process.cwd.withCString({ chdir($0) }) == 0 else { throw .last("chdir") }
            try ProgramLookup.requireReachable()
        } catch {
            throw ProcessExecution.failureOfWorkingDirectory(process, error)
        }
    }

    static func failureOfWorkingDirectory(_ process: Process, _ error: SystemError) -> RuntimeError {
        RuntimeError(
            .process,
            "unable to start container process: chdir to cwd (\"" + process.cwd.displayText + "\") set in config.json failed",
            error,
            pointer: "/process/cwd", path: process.cwd)
    }

    // MARK: Filter

    private func execute(
        _ program: ByteString, _ arguments: CStringArray, _ environment: CStringArray, under filter: SeccompProgram,
        _ starter: borrowing Handshake
    ) throws(RuntimeError) {
        step("load seccomp filter")
        let canSpeak = filter.permits(SYS_write) && filter.permits(SYS_exit_group)
        let lastWord: LastWord? = canSpeak ? nil : try makeLastWord(starter)
        if lastWord == nil { try starter.tell(.executing) }
        try load(filter, starter)
        step("execve")
        _ = program.withCString { c_execve($0, arguments.pointer, environment.pointer) }
        let errno = c_errno()
        guard let lastWord = consume lastWord else { throw ProcessExecution.failure(of: program, errno: errno) }
        lastWord.say(errno: errno)
        c_end_for_good(1)
    }

    /// For a filter that may let us neither say why execve fails nor end.
    private func makeLastWord(_ starter: borrowing Handshake) throws(RuntimeError) -> LastWord {
        let lastWord = try explaining(.system, "no memory to say in why the program can't be executed") {
            () throws(SystemError) in
            try LastWord()
        }
        try starter.tell(.executing, descriptors: [lastWord.descriptor])
        // Then we end by a signal, which mustn't be caught.
        c_signals_reset()
        return lastWord
    }

    private func load(_ filter: SeccompProgram, _ starter: borrowing Handshake) throws(RuntimeError) {
        let sendsListener = filter.needsListener && filter.permits(SYS_sendmsg)
        if filter.needsListener, !sendsListener {
            // Host takes it. The kernel gives it the lowest number that is free.
            let number = c_fcntl(starter.rawValue, F_DUPFD_CLOEXEC, 0)
            close(number)
            try starter.tell(.listenerAt(number))
        }
        guard let listener = try filter.load() else { return }
        // Nothing more is done before it's in the agent's hands.
        if sendsListener {
            do throws(SystemError) {
                try starter.send(.listener, descriptors: [listener.rawValue])
            } catch {
                throw RuntimeError(
                    .seccomp, "the filter's listener can't be handed over", error, pointer: "/linux/seccomp/listenerPath")
            }
        }
        // Not closed under the filter: execve does that.
        _ = listener.release()
        guard starter.hears(.listening) else { c_end_for_good(1) }
    }
}

extension Personality {
    /// As personality(2) has it.
    var domain: UInt64 { self == .linux32 ? 8 : 0 }
}
