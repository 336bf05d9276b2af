import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// A container that `create` or `restore` is making: its state directory, its cgroup, its first process, and how they're undone.
///
/// What is made is first written to the record: whoever comes after a Host that was killed finds there what to remove.
final class ContainerTransaction {
    let plan: Plan
    let settings: GlobalSettings
    let procfs: ProcFileSystem
    let directory: ContainerDirectory
    private let configText: [UInt8]
    private let root: StateRoot
    private(set) var record: ContainerRecord
    private(set) var cgroup: Cgroup?

    /// The container's first process, and its terminal if it has one.
    var process: ContainerProcess?

    /// Makes the state directory's entry, which decides between two that make a container of one id.
    static func begin(_ planned: consuming PlannedContainer, _ settings: GlobalSettings) throws(RuntimeError)
        -> ContainerTransaction
    {
        step(.makeStateDirectory)
        let root = try StateRoot.make(settings.root)
        let directory = try ContainerDirectory.make(planned.plan.identity.id, in: root)
        return ContainerTransaction(planned, settings, root: root, directory)
    }

    private init(
        _ planned: consuming PlannedContainer, _ settings: GlobalSettings, root: consuming StateRoot,
        _ directory: consuming ContainerDirectory
    ) {
        plan = planned.plan
        configText = planned.configText
        procfs = planned.procfs
        self.settings = settings
        self.root = root
        self.directory = directory
        record = ContainerRecord(plan, owner: Credentials.effectiveUser, created: Timestamp.now.rfc3339Nano)
        if !plan.namespaces.has(.mount) { record.made.add(.mounts) }
    }

    /// Does `body` under the container's lock; where it fails, nothing is left.
    func attempt(_ body: () throws(RuntimeError) -> Void) throws(RuntimeError) {
        do throws(RuntimeError) {
            try directory.lockForChange()
            try body()
            directory.unlock()
        } catch {
            let failure = error.during(currentStep())
            settings.log.sharesStderr = false
            // Init runs hooks, too, which may have hooked the container in somewhere.
            let mayHaveRunHooks = process != nil && !plan.hooks.createContainer.isEmpty
            if mayHaveRunHooks || failure.code == .hook { record.made.add(.hooks) }
            undo()
            throw failure
        }
    }

    // MARK: Cgroup

    func makeCgroup() throws(RuntimeError) {
        guard let planned = plan.cgroup else { return try directory.write(record) }
        step(.makeCgroup)
        let cgroup = try Cgroup(host: planned.host, path: planned.path, access: planned.access)
        // Before it's made: should we be killed, `delete --force` finds it.
        record.made.add(.cgroup(cgroup.record))
        try directory.write(record)
        do throws(RuntimeError) {
            try cgroup.create(needs: planned.resources.unifiedControllers)
            if cgroup.stoodBefore { try refuseCgroupOfAnother(cgroup) }
        } catch {
            record.made.remove(.cgroup(cgroup.record))
            throw error
        }
        self.cgroup = cgroup
        record.made.add(.cgroup(cgroup.record))
        step(.writeCgroupLimits)
        try cgroup.applyEarly(planned.resources)
        for warning in cgroup.warnings { settings.log.warn(warning) }
    }

    /// Two containers in one cgroup would end each other's processes. One that has none of its own at the moment, created but not
    /// yet cloned or stopped but not yet deleted, is known by its record alone, which it writes before it makes the cgroup.
    private func refuseCgroupOfAnother(_ cgroup: Cgroup) throws(RuntimeError) {
        for id in try root.containers() where id != plan.identity.id {
            let other: ContainerRecord?
            do throws(RuntimeError) {
                other = try ContainerDirectory.open(id, in: root)?.record()
            } catch  where error.code == .corruptState {
                // Whatever it was, it doesn't say.
                continue
            }
            guard let other = other?.cgroup, other.overlaps(cgroup.record) else { continue }
            cgroup.undo()
            throw RuntimeError(
                .cgroup, "the cgroup is that of container \"" + id.displayText + "\"", pointer: "/linux/cgroupsPath",
                path: cgroup.path.relative, hint: "delete that one first, or choose a cgroup of the container's own")
        }
    }

    /// What binds the container's first process too: once that has done what it needs to do.
    func limitLate() throws(RuntimeError) {
        step(.writeLateCgroupLimits)
        guard let cgroup, let planned = plan.cgroup else { return }
        try cgroup.applyLate(planned.resources)
        if let owner = planned.owner { try cgroup.delegate(to: owner) }
    }

    // MARK: First process

    /// Takes a process for the container's first: the one cloned, or the one that it left its place to.
    func adopt(_ process: ContainerProcess) throws(RuntimeError) {
        let (birth, identity) = try explaining(
            .system, "the container's first process can't be looked at",
            (try procfs.birth(of: process.pid), try process.handle.identity))
        guard let birth else {
            throw RuntimeError(.initDied, "the container's first process is gone as soon as it was made")
        }
        record.made.add(.process(MadeProcess(pid: process.pid, startTime: birth.startTime, identity: identity)))
        self.process = process
        try directory.write(record)
    }

    /// Those that the host runs before the container's root is entered: config.md, "POSIX-platform Hooks".
    func runEarlyHooks() throws(RuntimeError) {
        guard plan.hasEarlyHooks else { return }
        let hooks = plan.hooks
        record.made.add(.hooks)
        // The create operation proper is over: runtime.md, "Lifecycle", step 3. `state` says "creating" all the same until it returns.
        let state = plan.identity.state(.created, pid: record.pid)
        step(.prestartHooks)
        try HookRunner.run(hooks.prestart, kind: .prestart, state: state, directory: plan.identity.bundle)
        step(.createRuntimeHooks)
        try HookRunner.run(hooks.createRuntime, kind: .createRuntime, state: state, directory: plan.identity.bundle)
    }

    /// Has `exec` join the time namespace that criu has restored the container into.
    func noteTimeNamespace() { record.hasRestoredTimeNamespace = true }

    /// The container is there: its record says so, and keeps the configuration that it was made by.
    func writeCreated() throws(RuntimeError) {
        step(.writeState)
        try directory.write(configText, as: ContainerDirectory.configName)
        record.stage = .created
        record.made.add(.hooks)
        try directory.writeWithCopy(record)
    }

    // MARK: Failure

    func endProcesses() {
        if let process, !process.isReaped { try? process.handle.send(signal: Signal.kill) }
        try? cgroup?.kill(Signal.kill)
    }

    /// Takes back what was made. What fails here isn't reported: there's an error already that matters more, and the record stays for
    /// `delete --force` where something couldn't be removed.
    private func undo() {
        let container = UndoneContainer(
            made: record.made, poststop: plan.hooks.poststop, state: plan.identity.state(.stopped, pid: 0), log: settings.log)
        do throws(RuntimeError) {
            try container.undo(in: directory.descriptor, procfs)
            try directory.remove(from: root)
        } catch {
            // Written down by now, but for what was made since.
            try? directory.write(record)
        }
        // Our child: nobody else waits for it, and in a pid namespace that it has joined its zombie would keep the first process from ending.
        if let process, !process.isReaped, process.handle.waitForEnd(milliseconds: 0) { _ = try? process.handle.wait() }
    }
}
