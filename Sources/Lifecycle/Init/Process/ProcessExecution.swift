import Bytes
import Errors
import Linux
import OCI
import Seccomp

/// The last steps of a process before it becomes a container's program, at `start` or by `exec`.
struct ProcessExecution {
    let plan: ProcessPlan

    private var process: Process { plan.spec }

    /// Finds the program and checks that it can be executed: see `ProgramLookup.find`.
    func findProgram(seesAll: Bool = true) throws(RuntimeError) -> ByteString {
        step(.findProgram)
        return try ProgramLookup(plan.spec).find(seesAll: seesAll)
    }

    /// Executes the program, after `reducePrivileges`. Returns only by throwing.
    ///
    /// - Parameters:
    ///   - program: The path to execute.
    ///   - environment: The program's environment, as `NAME=VALUE`.
    ///   - filter: The seccomp filter, if it still has to be loaded. Once it is, only its listener is handed over and execve is
    ///     called: the filter may forbid anything else.
    ///   - entersDirectoryLate: Whether the working directory still has to be entered, as the container's user.
    ///   - starter: Gets `executing` just before the filter or execve could keep us from sending anything, and the error if
    ///     execve fails.
    /// - Throws: The error of the step that failed.
    func execute(
        _ program: ByteString, environment: [ByteString], filter: SeccompProgram?, entersDirectoryLate: Bool,
        _ starter: Conversation
    ) throws(RuntimeError) {
        // Memory for the call is allocated before the filter, which may forbid allocating.
        let arguments = CStringArray(process.args)
        let environment = CStringArray(environment)
        try setScheduling()
        try lowerFileLimit()
        OwnProcess.setUmask(process.user.umask ?? 0o022)
        // Only the standard streams and the preserved descriptors stay open. execve closes the conversation's.
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

    /// The error for a program that can't be executed.
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

    /// Sets the I/O priority and the memory policy, which a cloned process inherits, while this process has all its
    /// capabilities and before a filter could forbid it.
    @inline(never)
    func setInherited() throws(RuntimeError) {
        try setIOPriority()
        try setMemoryPolicy()
    }

    /// Before kernel 5.14 the class for real time needs CAP_SYS_ADMIN. See ioprio_set(2).
    private func setIOPriority() throws(RuntimeError) {
        step(.setIOPriority)
        guard let priority = process.ioPriority else { return }
        try explaining(
            .process, "can't be set", pointer: "/process/ioPriority",
            OwnProcess.setIOPriority(class: priority.class.rawValue, priority.priority))
    }

    /// This process is in the container's cgroup: of the policy's nodes, the kernel takes those of the cgroup's cpuset.
    private func setMemoryPolicy() throws(RuntimeError) {
        guard let policy = plan.memoryPolicy else { return }
        step(.setMemoryPolicy)
        do throws(SystemError) {
            try OwnProcess.setMemoryPolicy(policy.mode | policy.flags, nodes: policy.nodes?.mask ?? [])
        } catch {
            throw RuntimeError(
                .process, "the memory policy can't be set", error, pointer: "/linux/memoryPolicy",
                hint: error.errno == .EINVAL
                    ? "are the nodes online (/sys/devices/system/node/has_memory) and in the container's cpuset, and does "
                        + "the kernel know the mode and the flags?" : nil)
        }
    }

    /// Sets limits on open files that are too low for our own code. After this, our code opens only the file of a last word,
    /// the listener of a filter and, for a moment, a copy of a descriptor.
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

    /// Takes the container's groups, user and capabilities.
    ///
    /// The kernel dictates the order: the groups while the process has CAP_SETGID, then the user, with the capabilities kept
    /// across that change, then exactly the configured sets.
    ///
    /// - Parameter kept: Capabilities that the process keeps until execve besides. They don't affect its capabilities after
    ///   execve: the kernel computes those from the bounding, inheritable and ambient sets, the user and the file
    ///   (capabilities(7), "Transformation of capabilities").
    /// - Throws: The error of the first change that the kernel refuses.
    private func takeCredentials(keeping kept: CapabilitySet) throws(RuntimeError) {
        step(.setCredentials)
        let sets = plan.capabilities
        try explaining(
            .process, "the capabilities can't be set", pointer: "/process/capabilities", Credentials.keepCapabilities(true))
        try explaining(.process, "the groups can't be set", pointer: "/process/user") { () throws(SystemError) in
            do throws(SystemError) {
                if !plan.keepsGroups { try Credentials.setGroups(process.user.additionalGids) }
            } catch  where error.errno == .EPERM && process.user.additionalGids.isEmpty && plan.isInUserNamespace {
                // A user that may not map groups may not drop them either (user_namespaces(7), "setgroups").
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

    /// Enters the working directory with all capabilities: an ordinary user, or root without CAP_DAC_OVERRIDE, may have no
    /// access to it.
    ///
    /// - Returns: false if the process can't enter it. The container's user perhaps can: then `enterWorkingDirectoryAsUser`
    ///   enters it, or throws the reason.
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

    /// The error for a working directory that can't be entered.
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
        // The filter may forbid the system calls that a note takes.
        StepNotes.stop()
        try load(filter, starter)
        step(.execve)
        let errno = OwnProcess.execute(program, arguments, environment)
        guard let lastWord = consume lastWord else { throw ProcessExecution.failure(of: program, errno: errno) }
        lastWord.say(errno: errno)
        OwnProcess.exitDespiteFilter(1)
    }

    /// Prepares for a filter that may forbid this process to send why execve failed, or to exit.
    private func makeLastWord(_ starter: Conversation) throws(RuntimeError) -> LastWord {
        let lastWord = try explaining(.system, "no memory to say in why the program can't be executed", LastWord())
        try starter.say(.executing, descriptors: [lastWord.descriptor])
        // Under such a filter the process ends by a signal, which it mustn't catch.
        Signal.resetAll()
        return lastWord
    }

    private func load(_ filter: SeccompProgram, _ starter: Conversation) throws(RuntimeError) {
        let sendsListener = filter.needsListener && filter.permits(SystemCallNumber.sendmsg)
        if filter.needsListener, !sendsListener {
            // Host fetches the listener by its number. The kernel will give it the lowest number that is free now.
            let number = try explaining(
                .seccomp, "the filter's listener can't be handed over",
                FileDescriptor.duplicate(starter.rawValue, from: 0).rawValue
            )
            try starter.say(.listenerAt(number))
        }
        guard let listener = try filter.load() else { return }
        // Until the agent has the listener, this process does nothing more.
        if sendsListener {
            do throws(RuntimeError) {
                try starter.say(.listener, descriptors: [listener.rawValue])
            } catch {
                throw RuntimeError(
                    .seccomp, "the filter's listener can't be handed over", pointer: "/linux/seccomp/listenerPath",
                    call: error.call, errno: error.errno)
            }
        }
        // The filter may forbid to close the listener: execve closes it.
        _ = listener.release()
        guard starter.hearsListening() else { OwnProcess.exitDespiteFilter(1) }
    }
}

extension Personality {
    /// The number that personality(2) takes.
    var domain: UInt64 { self == .linux32 ? 8 : 0 }
}
