import Bytes
import Cgroups
import CLinux
import Errors
import Linux
import OCI
import Seccomp

/// A container being created: what Host makes for it, and how that is undone.
///
/// What is made is first written to the record: whoever comes after a Host that was killed finds there what to remove.
final class Creation {
    let plan: Plan
    let host: HostOptions
    let procfs: ProcFileSystem
    private let namespaces: NamespaceFiles
    private let sysctls: [SysctlPlan.Entry]
    private let configText: [UInt8]
    private let root: StateRoot
    private let directory: ContainerDirectory
    private let console: ConsoleSocket
    private var record: ContainerRecord
    private var cgroup: Cgroup?
    private var ranHooks = false

    /// The container's first process, and its terminal if it has one.
    private(set) var process: ContainerProcess?

    /// Reads the bundle and decides everything. Nothing is made yet but the state directory's entry, which decides between two creates
    /// of one id.
    static func begin(_ options: CreateOptions, detached: Bool, _ host: HostOptions) throws(RuntimeError) -> Creation {
        step("read bundle")
        try ContainerID.validate(options.id)
        let bundle = try Bundle.open(options.bundle)
        let config = try Config(parsing: bundle.configText)
        step("plan")
        let plan = try Plan(config, options: options, bundle: bundle.path, host: try HostFacts.gather())
        for warning in plan.warnings { host.log.warn(warning) }
        let procfs = try explaining(.system, "/proc is not a procfs, and none can be mounted") { () throws(SystemError) in
            try ProcFileSystem.forHost()
        }
        let namespaces = try NamespaceFiles(plan.namespaces, procfs: procfs)
        try UserNamespace.checkMappings(plan, namespaces, procfs)
        let sysctls = try SysctlPlan.entries(config.linux.sysctl) {
            plan.namespaces.has($0) && !namespaces.isHosts($0)
        }
        let console = try ConsoleSocket(
            options.consoleSocket, terminal: config.process?.terminal == true, detached: detached)
        step("make state directory")
        let root = try StateRoot.make(host.root)
        let directory = try ContainerDirectory.make(options.id, in: root)
        return Creation(
            plan: plan, host: host, procfs: procfs, namespaces: namespaces, sysctls: sysctls, configText: bundle.configText,
            root: root,
            directory: directory, console: console)
    }

    private init(
        plan: Plan, host: HostOptions, procfs: consuming ProcFileSystem, namespaces: NamespaceFiles, sysctls: [SysctlPlan.Entry],
        configText: [UInt8], root: consuming StateRoot, directory: consuming ContainerDirectory, console: consuming ConsoleSocket
    ) {
        self.plan = plan
        self.host = host
        self.procfs = procfs
        self.namespaces = namespaces
        self.sysctls = sysctls
        self.configText = configText
        self.root = root
        self.directory = directory
        self.console = console
        record = ContainerRecord(plan, owner: geteuid(), created: Timestamp.now.rfc3339Nano)
    }

    /// Does it all; on failure nothing is left.
    func execute() throws(RuntimeError) {
        do throws(RuntimeError) {
            try directory.lockForChange()
            let resources = try makeCgroup()
            let filter = try seccompProgram(for: plan.config, host.log)
            let handshake = try launch(filter)
            try converse(handshake)
            try finish(handshake, resources)
            directory.unlock()
        } catch {
            let failure = error.during(currentStep())
            // Who hooked the container in somewhere wants to hear of its end: runtime.md, "Lifecycle".
            ranHooks = ranHooks || failure.code == .hook
            undo()
            throw failure
        }
    }

    // MARK: Before the container's first process

    private var isUnifiedHost = false

    private func makeCgroup() throws(RuntimeError) -> ResourcePlan? {
        guard host.cgroupManager != .disabled else {
            try directory.write(record)
            return nil
        }
        step("make cgroup")
        let isOptional = isRootless
        let layout = try CgroupHost.detect(procfs: procfs)
        isUnifiedHost = layout.layout == .unified
        let base = isOptional ? try CgroupHost.delegatedBase(procfs: procfs) : "/"
        let path = try CgroupPath(plan.config.linux.cgroupsPath, id: plan.options.id, base: base)
        let access: Cgroup.Access = isOptional ? .optional : .required
        let resources = try ResourcePlan(
            plan.config.linux.resources, locations: try layout.controllers(), access: access,
            devices: !isOptional)
        let cgroup = try Cgroup(host: layout, path: path, access: access)
        record.cgroup = cgroup.record
        try directory.write(record)
        try cgroup.create(needs: resources.unifiedControllers)
        self.cgroup = cgroup
        record.cgroup = cgroup.record
        step("write cgroup limits")
        try cgroup.applyEarly(resources)
        return resources
    }

    /// Whether missing rights on cgroups are no error.
    private var isRootless: Bool {
        switch host.rootless {
        case .yes: true
        case .no: false
        case .auto: geteuid() != 0 || UserNamespace.isInside(procfs)
        }
    }

    // MARK: The container's first process

    /// Clones Init. From here on it dies with us.
    private func launch(_ filter: SeccompProgram?) throws(RuntimeError) -> Handshake {
        step("clone")
        let (ours, theirs) = try explaining(.system, "no socket for the container's first process") { () throws(SystemError) in
            try FileDescriptor.messagePair()
        }
        let startSocket = try explaining(.system, "the start socket can't be made") { () throws(SystemError) in
            SharedDescriptor(try .listen(name: ContainerDirectory.startSocketName, in: directory.descriptor))
        }
        let inheritance = Inheritance(
            plan: plan, handshake: theirs, startSocket: startSocket, namespaces: namespaces,
            sources: try openSources(), cgroupTasks: try cgroup?.openTasks(),
            cgroupView: CgroupView(
                mountPoints: cgroup?.mountPoints ?? [], isUnifiedHost: isUnifiedHost,
                hasOwnNamespace: plan.namespaces.origin(of: .cgroup) == .new),
            sysctls: sysctls, seccomp: filter)
        let cgroupDirectory = try cgroup?.sharedDirectoryForClone()
        c_step_share()
        try NamespaceFiles.visiting(plan.namespaces.joinedByHost, namespaces, procfs: procfs) { () throws(RuntimeError) in
            let clone = try explaining(
                .namespace, "the container's namespaces can't be made", pointer: "/linux/namespaces",
                hint: "are namespaces of these kinds allowed here, and are there fewer than /proc/sys/user/max_*_namespaces?"
            ) { () throws(SystemError) in
                try cloneProcess(plan.namespaces.cloneFlags, cgroup: cgroupDirectory?.rawValue)
            }
            switch consume clone {
            case .child: Init.main(inheritance)
            case .parent(let pid, let handle): try adopt(pid, handle)
            }
        }
        let handshake = Handshake(ours)
        if plan.namespaces.origin(of: .user) == .new, !plan.namespaces.isStaged { try mapIDs(handshake) }
        return handshake
    }

    /// Opens what Init can't: in a user namespace the container's root may have no way to what the host's root can open, and can
    /// map no ids of what belongs to the host.
    private func openSources() throws(RuntimeError) -> Sources? {
        let mapped = plan.mounts.first { $0.idMapping != nil }
        guard geteuid() == 0, plan.namespaces.origin(of: .mount) == .new else {
            guard let mapped else { return nil }
            throw RuntimeError(
                .unsupported, "an id mapping needs root on the host and a new mount namespace", pointer: mapped.label)
        }
        guard mapped != nil || plan.namespaces.has(.user) else { return nil }
        var sources = try Sources.open(plan) { (mount, entry) throws(RuntimeError) in
            try MappedMounts.map(mount, entry, plan, namespaces, procfs)
        }
        // A user namespace may mount proc only for a pid namespace of its own.
        for entry in plan.mounts where plan.namespaces.has(.user) && plan.namespaces.origin(of: .pid) != .new {
            guard case .fileSystem(let type) = entry.kind, type == "proc" else { continue }
            if let joined = namespaces.file(of: .pid) {
                sources.fileSystems[entry.index] = try JoinedProc.mount(entry, of: joined)
            } else {
                sources.fileSystems[entry.index] = try FileSystems.make(type, entry)
            }
        }
        return sources
    }

    /// Takes a process for the container's first: the one cloned, or the one that it left its place to.
    private func adopt(_ pid: Int32, _ handle: consuming ProcessHandle) throws(RuntimeError) {
        guard let birth = procfs.birth(of: pid) else {
            throw RuntimeError(.initDied, "the container's first process is gone as soon as it was made")
        }
        record.pid = pid
        record.startTime = birth.startTime
        record.identity = handle.identity
        process = ContainerProcess(pid: pid, handle: handle)
        try directory.write(record)
    }

    private func mapIDs(_ handshake: borrowing Handshake) throws(RuntimeError) {
        step("map ids")
        let linux = plan.config.linux
        try IDMaps(pid: record.pid, uids: linux.uidMappings, gids: linux.gidMappings).write(procfs)
        try tell(.mapped, handshake)
    }

    private func tell(_ message: Message, _ handshake: borrowing Handshake) throws(RuntimeError) {
        do throws(RuntimeError) {
            try handshake.tell(message)
        } catch  where error.errno == EPIPE || error.errno == ECONNRESET {
            throw death()
        }
    }

    /// Answers Init until it's ready.
    private func converse(_ handshake: borrowing Handshake) throws(RuntimeError) {
        while let (message, descriptors) = try handshake.receive() {
            switch message {
            case .needsMapping: try mapIDs(handshake)
            case .successor(let pid):
                guard let handle = descriptors.first else { throw Creation.confusion }
                let former = process
                try adopt(pid, try ProcessHandle.of(handle))
                _ = try? former?.handle.wait()
            case .mounted:
                try runEarlyHooks()
                try tell(.hooked, handshake)
            case .ready:
                process?.terminal = descriptors.first
                return
            case .warning(let text): host.log.warn(text)
            case .failed(let error): throw error
            default: throw Creation.confusion
            }
        }
        throw death()
    }

    private static let confusion = RuntimeError(.system, "the container's first process sent what doesn't belong here")

    private func runEarlyHooks() throws(RuntimeError) {
        let hooks = plan.config.hooks
        ranHooks = true
        let state = ContainerState.forHook(plan, pid: record.pid, status: .creating)
        step("prestart hooks")
        try HookRunner.run(hooks.prestart, kind: .prestart, state: state, directory: plan.bundle)
        step("createRuntime hooks")
        try HookRunner.run(hooks.createRuntime, kind: .createRuntime, state: state, directory: plan.bundle)
    }

    /// What binds Init too comes last; then all is written down, and Init is let go.
    private func finish(_ handshake: borrowing Handshake, _ resources: ResourcePlan?) throws(RuntimeError) {
        step("write late cgroup limits")
        if let resources { try cgroup?.applyLate(resources) }
        try delegateCgroup()
        if let process = plan.config.process { try ProcessLimits(pid: record.pid, process: process).apply(procfs) }
        step("hand over terminal")
        if let terminal = process?.terminal { try console.handOver(terminal) }
        step("write state")
        try directory.write(configText, as: ContainerDirectory.configName)
        record.stage = .created
        try directory.write(record)
        if let process {
            try ProcessAnnouncement(process: process, pidFile: plan.options.pidFile, pidfdSocket: plan.options.pidfdSocket).make()
        }
        step("release")
        try tell(.created, handshake)
        // The end of the conversation: Init no longer dies with us.
        while let (message, _) = try handshake.receive() {
            if case .failed(let error) = message { throw error }
        }
    }

    private func delegateCgroup() throws(RuntimeError) {
        let showsCgroupsWritable = plan.mounts.contains { entry in
            guard case .cgroup = entry.kind else { return false }
            return entry.attributes.set & MountAttributes.readOnly == 0
        }
        guard plan.namespaces.origin(of: .cgroup) == .new, showsCgroupsWritable, plan.namespaces.origin(of: .user) == .new,
            let uid = plan.config.process?.user.uid,
            let mapping = plan.config.linux.uidMappings.first(where: {
                uid >= $0.containerID && UInt64(uid) < UInt64($0.containerID) + UInt64($0.size)
            })
        else { return }
        try cgroup?.delegate(to: mapping.hostID + (uid - mapping.containerID))
    }

    // MARK: Failure

    /// Why Init ended without a word.
    private func death() -> RuntimeError {
        let place = "in step \"" + currentStep() + "\""
        guard let process, process.handle.waitForEnd(milliseconds: 10_000), let status = try? process.handle.wait() else {
            return RuntimeError(.initDied, "container init died " + place)
        }
        process.isReaped = true
        switch status {
        case .killed(let signal):
            if signal == SIGKILL, cgroup?.hasOOMKill() == true {
                return RuntimeError(
                    .initDied, "container init was OOM-killed (memory limit too low?)", pointer: "/linux/resources/memory/limit")
            }
            return RuntimeError(.initDied, "container init died of signal " + String(signal) + " " + place)
        case .exited(let code):
            return RuntimeError(.initDied, "container init ended with status " + String(code) + " " + place)
        }
    }

    /// Takes back what was made, in reverse order. What fails here isn't reported: there's an error already that matters more, and the
    /// record stays for `delete --force` where something couldn't be removed.
    func undo() {
        if let process, !process.isReaped {
            try? process.handle.send(signal: SIGKILL)
            _ = try? process.handle.wait()
        }
        process = nil
        if let cgroup {
            try? cgroup.kill(SIGKILL)
            do throws(RuntimeError) {
                try cgroup.remove()
            } catch {
                return
            }
        }
        if ranHooks {
            HookRunner.runRegardless(
                plan.config.hooks.poststop, kind: .poststop, state: .forHook(plan, pid: 0, status: .stopped),
                directory: plan.bundle, log: host.log)
        }
        try? directory.remove(from: root)
    }
}
