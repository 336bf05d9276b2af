import Bytes
import CLinux
import Errors
import Linux
import OCI
import Seccomp

/// The last steps of a process on its way into a container's program: of the first one at `start`, and of each that `exec` brings.
struct ProcessExecution {
    let process: Process
    let capabilities: CapabilityPlan
    let personality: Personality?
    let filter: SeccompProgram?
    /// Descriptors from 3 upward that it keeps.
    let preservedDescriptors: Int
    let isInUserNamespace: Bool

    /// What is to be executed, found and put together with all rights.
    struct Image {
        let program: ByteString
        let environment: [ByteString]
        /// What has still to be loaded.
        let filter: SeccompProgram?
    }

    /// Becomes the program, after `reducePrivileges`. Returns only by an error.
    ///
    /// `witness`: is told right before what comes next can silence us, and the error if it fails.
    func execute(_ image: Image, _ witness: borrowing Handshake) throws(RuntimeError) {
        // Everything that allocates comes before the filter, which may forbid it.
        let arguments = CStringArray(process.args)
        let environment = CStringArray(image.environment)
        try setScheduling()
        try lowerFileLimit()
        _ = umask(process.user.umask ?? 0o022)
        // All but the streams and what was asked to be kept is gone, before a filter can forbid it. The conversation ends by itself in
        // execve.
        try closeDescriptors(from: 3 + Int32(preservedDescriptors), but: [witness.rawValue])
        // Without no_new_privs only the privileged may load a filter; with it, it's the very last thing.
        if !process.noNewPrivileges { try load(image.filter, witness) }
        try takeCredentials()
        try enterWorkingDirectory()
        if process.noNewPrivileges { try load(image.filter, witness) }
        step("execve")
        if image.filter == nil { try witness.tell(.executing) }
        _ = image.program.withCString { c_execve($0, arguments.pointer, environment.pointer) }
        throw RuntimeError(
            .program, "unable to start container process: exec: \"" + image.program.displayText + "\"", .last("execve"),
            pointer: "/process/args/0", path: image.program, hint: ProcessExecution.hint(forExecution: c_errno()))
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
        if let personality {
            guard c_personality(UInt(personality.domain)) >= 0 else {
                throw RuntimeError(.process, "can't be set", .last("personality"), pointer: "/linux/personality")
            }
        }
    }

    /// The order is the kernel's: groups while there's CAP_SETGID, then the user, with the capabilities kept over the change, then
    /// exactly the sets that were asked for.
    private func takeCredentials() throws(RuntimeError) {
        step("set credentials")
        let sets = capabilities
        try explaining(.process, "the capabilities can't be set", pointer: "/process/capabilities") { () throws(SystemError) in
            try Credentials.keepCapabilities(true)
        }
        try explaining(.process, "the groups can't be set", pointer: "/process/user") { () throws(SystemError) in
            do throws(SystemError) {
                try Credentials.setGroups(process.user.additionalGids)
            } catch  where error.errno == EPERM && process.user.additionalGids.isEmpty && isInUserNamespace {
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
                effective: sets.effective, permitted: sets.permitted, inheritable: sets.inheritable)
            try wanted.apply()
            try Credentials.setAmbient(sets.ambient)
        }
        guard getuid() == process.user.uid, getgid() == process.user.gid else {
            throw RuntimeError(.process, "the kernel kept another user than the one that was set", pointer: "/process/user")
        }
    }

    /// As the user, whose rights decide.
    private func enterWorkingDirectory() throws(RuntimeError) {
        step("enter working directory")
        try explaining(
            .process,
            "unable to start container process: chdir to cwd (\"" + process.cwd.displayText + "\") set in config.json failed",
            pointer: "/process/cwd", path: process.cwd
        ) { () throws(SystemError) in
            guard process.cwd.withCString({ chdir($0) }) == 0 else { throw .last("chdir") }
            try ProgramLookup.requireReachable()
        }
    }

    private func load(_ filter: SeccompProgram?, _ witness: borrowing Handshake) throws(RuntimeError) {
        guard let filter else { return }
        step("load seccomp filter")
        // Now: the filter may leave us no word.
        try witness.tell(.executing)
        guard let listener = try filter.load() else { return }
        // The listener goes to whoever starts us; nothing more is done before it's in the agent's hands.
        do throws(SystemError) {
            try witness.send(.listener, descriptors: [listener.rawValue])
        } catch {
            throw RuntimeError(
                .seccomp, "the filter's listener can't be handed over", error, pointer: "/linux/seccomp/listenerPath")
        }
        guard witness.hears(.listening) else { _exit(1) }
    }
}

extension Personality {
    /// As personality(2) has it.
    var domain: UInt64 { self == .linux32 ? 8 : 0 }
}

/// Texts as execve(2) wants them, in memory that is never given back: execve does that.
struct CStringArray {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    init(_ texts: [ByteString]) {
        pointer = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { pointer[index] = text.withCString { strdup($0) } }
        pointer[texts.count] = nil
    }
}
