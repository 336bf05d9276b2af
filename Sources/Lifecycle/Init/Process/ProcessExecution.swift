import Bytes
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
        step(.findProgram)
        return try ProgramLookup(plan.spec).find(seesAll: seesAll)
    }

    /// Becomes the program, after `reducePrivileges`. Returns only by an error.
    ///
    /// `filter`: what has still to be loaded. Behind it nothing is called but execve: a filter may forbid anything else.
    ///
    /// `starter`: is told right before what comes next can silence us, and the error if it fails.
    func execute(
        _ program: ByteString, environment: [ByteString], filter: SeccompProgram?, entersDirectoryLate: Bool,
        _ starter: Conversation
    ) throws(RuntimeError) {
        // Everything that allocates comes before the filter, which may forbid it.
        let arguments = CStringArray(process.args)
        let environment = CStringArray(environment)
        try setScheduling()
        try lowerFileLimit()
        OwnProcess.setUmask(process.user.umask ?? 0o022)
        // All but the streams and what was asked to be kept is gone. The conversation ends by itself in execve.
        try closeDescriptors(from: 3 + Int32(plan.preservedDescriptors), but: [starter.rawValue])
        try takeCredentials(keeping: filter == nil ? CapabilitySet() : neededForFilter)
        if entersDirectoryLate { try enterWorkingDirectoryAsUser() }
        guard let filter else {
            step(.execve)
            try starter.say(.executing)
            throw ProcessExecution.failure(of: program, errno: OwnProcess.execute(program, arguments, environment))
        }
        try execute(program, arguments, environment, under: filter, starter)
    }

    /// Why a program could not be executed.
    static func failure(of program: ByteString, errno: Errno) -> RuntimeError {
        RuntimeError(
            .program, "unable to start container process: exec: \"" + program.displayText + "\"",
            SystemError("execve", errno: errno),
            pointer: "/process/args/0", path: program, hint: hint(forExecution: errno))
    }

    private static func hint(forExecution errno: Errno) -> String? {
        switch errno {
        case .ENOENT: "is the file still there, and the interpreter that it names?"
        case .ENOEXEC: "is it a program for another machine, or a script without #! line?"
        case .EACCES: "may the configured user execute it, and is its mount noexec?"
        default: nil
        }
    }

    /// What passes on in a clone: the class for real time takes CAP_SYS_ADMIN, before kernel 5.14.
    func setIOPriority() throws(RuntimeError) {
        step(.setIOPriority)
        guard let priority = process.ioPriority else { return }
        try explaining(
            .process, "can't be set", pointer: "/process/ioPriority",
            OwnProcess.setIOPriority(class: priority.class.rawValue, priority.priority))
    }

    /// Nothing is opened from here on but the listener of a filter.
    private func lowerFileLimit() throws(RuntimeError) {
        for (index, limit) in process.rlimits.enumerated() where limit.isTooLowForUs {
            step(.setResourceLimits)
            try explaining(
                .process, "the resource limit can't be set", pointer: "/process/rlimits/" + String(index),
                OwnProcess.setLimit(limit.resource.rawValue, soft: limit.soft, hard: limit.hard))
        }
    }

    private func setScheduling() throws(RuntimeError) {
        step(.setScheduling)
        if let scheduler = process.scheduler {
            try explaining(
                .process, "can't be set", pointer: "/process/scheduler",
                OwnProcess.setScheduler(
                    policy: scheduler.policy.rawValue, flags: scheduler.flags, nice: scheduler.nice,
                    priority: UInt32(bitPattern: scheduler.priority), runtime: scheduler.runtime, deadline: scheduler.deadline,
                    period: scheduler.period))
        }
        if let personality = plan.personality {
            try explaining(
                .process, "can't be set", pointer: "/linux/personality", OwnProcess.setPersonality(personality.domain))
        }
    }

    /// The order is the kernel's: groups while there's CAP_SETGID, then the user, with the capabilities kept over the change, then
    /// exactly the sets that were asked for.
    ///
    /// `kept`: capabilities to have until execve, too. What the process has after execve doesn't depend on them: the kernel makes that of
    /// the bounding, inheritable and ambient sets, the user and the file (capabilities(7), "Transformation of capabilities").
    private func takeCredentials(keeping kept: CapabilitySet) throws(RuntimeError) {
        step(.setCredentials)
        let sets = plan.capabilities
        try explaining(
            .process, "the capabilities can't be set", pointer: "/process/capabilities", Credentials.keepCapabilities(true))
        try explaining(.process, "the groups can't be set", pointer: "/process/user") { () throws(SystemError) in
            do throws(SystemError) {
                try Credentials.setGroups(process.user.additionalGids)
            } catch  where error.errno == .EPERM && process.user.additionalGids.isEmpty && plan.isInUserNamespace {
                // Whoever may not map groups may not drop them either (user_namespaces(7), "setgroups").
            }
            try Credentials.setGroup(process.user.gid)
        }
        try explaining(.process, "the user can't be set", pointer: "/process/user/uid", Credentials.setUser(process.user.uid))
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            try Credentials.keepCapabilities(false)
            let wanted = ThreadCapabilities(
                effective: CapabilitySet(bits: sets.effective.bits | kept.bits),
                permitted: CapabilitySet(bits: sets.permitted.bits | kept.bits), inheritable: sets.inheritable)
            try wanted.apply()
            try Credentials.setAmbient(sets.ambient)
        }
        guard Credentials.user == process.user.uid, Credentials.group == process.user.gid else {
            throw RuntimeError(.process, "the kernel kept another user than the one that was set", pointer: "/process/user")
        }
    }

    // MARK: Working directory

    /// With all rights, which an ordinary user, or root without CAP_DAC_OVERRIDE, may lack.
    ///
    /// - Returns: false where it can't be entered. The user may have the right: then `enterWorkingDirectoryAsUser` does it, or says why
    ///   not.
    func enterWorkingDirectory() -> Bool {
        step(.enterWorkingDirectory)
        do throws(SystemError) {
            try OwnProcess.changeDirectory(to: process.cwd)
            try ProgramLookup.requireReachable()
            return true
        } catch {
            try? OwnProcess.changeDirectory(to: "/")
            return false
        }
    }

    private func enterWorkingDirectoryAsUser() throws(RuntimeError) {
        step(.enterWorkingDirectory)
        do throws(SystemError) {
            try OwnProcess.changeDirectory(to: process.cwd)
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
        _ starter: Conversation
    ) throws(RuntimeError) {
        step(.loadSeccompFilter)
        let canSpeak = filter.permits(SystemCallNumber.write) && filter.permits(SystemCallNumber.exitGroup)
        let lastWord: LastWord? = canSpeak ? nil : try makeLastWord(starter)
        if lastWord == nil { try starter.say(.executing) }
        try load(filter, starter)
        step(.execve)
        let errno = OwnProcess.execute(program, arguments, environment)
        guard let lastWord = consume lastWord else { throw ProcessExecution.failure(of: program, errno: errno) }
        lastWord.say(errno: errno)
        OwnProcess.exitDespiteFilter(1)
    }

    /// For a filter that may let us neither say why execve fails nor end.
    private func makeLastWord(_ starter: Conversation) throws(RuntimeError) -> LastWord {
        let lastWord = try explaining(.system, "no memory to say in why the program can't be executed", LastWord())
        try starter.say(.executing, descriptors: [lastWord.descriptor])
        // Then we end by a signal, which mustn't be caught.
        Signal.resetAll()
        return lastWord
    }

    private func load(_ filter: SeccompProgram, _ starter: Conversation) throws(RuntimeError) {
        let sendsListener = filter.needsListener && filter.permits(SystemCallNumber.sendmsg)
        if filter.needsListener, !sendsListener {
            // Host takes it. The kernel gives it the lowest number that is free.
            let number = try explaining(
                .seccomp, "the filter's listener can't be handed over",
                FileDescriptor.duplicate(starter.rawValue, from: 0).rawValue
            )
            try starter.say(.listenerAt(number))
        }
        guard let listener = try filter.load() else { return }
        // Nothing more is done before it's in the agent's hands.
        if sendsListener {
            do throws(RuntimeError) {
                try starter.say(.listener, descriptors: [listener.rawValue])
            } catch {
                throw RuntimeError(
                    .seccomp, "the filter's listener can't be handed over", pointer: "/linux/seccomp/listenerPath",
                    call: error.call, errno: error.errno)
            }
        }
        // Not closed under the filter: execve does that.
        _ = listener.release()
        guard starter.hearsListening() else { OwnProcess.exitDespiteFilter(1) }
    }
}

extension Personality {
    /// As personality(2) has it.
    var domain: UInt64 { self == .linux32 ? 8 : 0 }
}
