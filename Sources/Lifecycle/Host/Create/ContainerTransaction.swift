import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Resctrl
import Systemd

/// A container that `create` or `restore` is making: its directory, its cgroup, its first process, and how they're undone.
///
/// The record names the cgroup and the mounts before they're made, and the process as soon as it exists. So if Host is killed,
/// `delete --force` finds in the record what to remove.
final class ContainerTransaction {
    let plan: Plan
    let settings: GlobalSettings
    let procfs: ProcFileSystem
    let directory: ContainerDirectory
    private let configText: [UInt8]
    private var keepsConfiguration = false
    /// nil for a container without a process.
    let startPlan: StartPlan?
    let root: StateRoot
    private var spare: SpareDescriptors?
    /// The container's unit. nil without systemd.
    var unit: UnitStart?
    /// nil without systemd, and as soon as the unit is there.
    var moveAhead: MoveAhead?
    var record: ContainerRecord
    var cgroup: Cgroup?
    /// nil without `intelRdt`.
    var resctrl: ResctrlGroup?

    /// The container's first process, and its terminal if it has one.
    var process: ContainerProcess?

    /// The network devices that are in the container already. nil if there are none.
    private var devices: MovedDevices?

    /// Makes the container's directory in the state directory. Of two commands that use the same id at the same time, only one
    /// succeeds.
    static func begin(_ planned: consuming PlannedContainer, _ settings: GlobalSettings) throws(RuntimeError)
        -> ContainerTransaction
    {
        step(.makeStateDirectory)
        let root = try StateRoot.make(settings.root)
        let spare = try explaining(.system, "the container's state can't be kept", SpareDescriptors(of: root.descriptor))
        let directory = try ContainerDirectory.make(planned.plan.identity.id, in: root)
        return ContainerTransaction(planned, settings, root: root, directory, spare)
    }

    private init(
        _ planned: consuming PlannedContainer, _ settings: GlobalSettings, root: consuming StateRoot,
        _ directory: consuming ContainerDirectory, _ spare: SpareDescriptors
    ) {
        plan = planned.plan
        configText = planned.configText
        startPlan = planned.startPlan
        moveAhead = planned.moveAhead
        procfs = planned.procfs
        self.settings = settings
        self.root = root
        self.directory = directory
        self.spare = spare
        record = ContainerRecord(plan, owner: Credentials.effectiveUser, created: Timestamp.now.rfc3339Nano)
        if !plan.namespaces.has(.mount) { record.made.add(.mounts) }
    }

    /// Runs `body` under the container's lock, which then stays locked. If that fails, everything that was made is undone.
    func attempt(_ body: () throws(RuntimeError) -> Void) throws(RuntimeError) {
        do throws(RuntimeError) {
            try directory.lockForChange()
            try body()
        } catch {
            let failure = error.during(currentStep())
            settings.log.sharesStderr = false
            undo()
            throw failure
        }
    }

    // MARK: First process

    /// Makes a process the container's first one and writes that to the record.
    ///
    /// - Parameter process: Init or its successor. In a `restore`: criu, then the process that criu restored.
    /// - Throws: An error if the process is gone, or the record can't be written.
    func adopt(_ process: ContainerProcess) throws(RuntimeError) {
        let (birth, identity) = try explaining(
            .system, "the container's first process can't be looked at",
            (try procfs.birth(of: process.pid), try process.handle.identity))
        guard let birth else {
            throw RuntimeError(.initDied, "the container's first process is gone as soon as it was made")
        }
        record.made.add(
            .process(MadeProcess(pid: process.pid, startTime: birth.startTime, identity: identity, boot: procfs.boot())))
        self.process = process
        // Recorded before the first hook runs: whatever hooks set up outside the container, poststop hooks take down, also if
        // we're killed meanwhile.
        if plan.hasCreationHooks { try keepConfiguration() }
        try directory.write(record)
    }

    /// Keeps the configuration and, if it has poststop hooks, notes in the record that they must run. Does so once.
    private func keepConfiguration() throws(RuntimeError) {
        guard !keepsConfiguration else { return }
        try directory.make(ContainerDirectory.configName, holding: configText)
        keepsConfiguration = true
        if !plan.hooks.poststop.isEmpty { record.made.add(.hooks) }
    }

    /// Moves the host's network devices into the container, whose first process is in its network namespace by now.
    func moveNetworkDevices() throws(RuntimeError) {
        guard !plan.netDevices.isEmpty else { return }
        step(.moveNetworkDevices)
        let devices = try MovedDevices(into: record.pid, procfs)
        self.devices = devices
        for device in plan.netDevices { try devices.move(device) }
    }

    /// Runs the prestart and createRuntime hooks, before the container's root is entered. Source: config.md, "POSIX-platform
    /// Hooks".
    func runEarlyHooks() throws(RuntimeError) {
        guard plan.hasEarlyHooks else { return }
        let hooks = plan.hooks
        // The hooks read the status "created", since the environment exists: runtime.md, "Lifecycle", step 3. The command
        // `state` still says "creating" until `create` returns.
        let state = plan.identity.state(.created, pid: record.pid)
        step(.prestartHooks)
        try HookRunner.run(hooks.prestart, kind: .prestart, state: state, directory: plan.identity.bundle)
        step(.createRuntimeHooks)
        try HookRunner.run(hooks.createRuntime, kind: .createRuntime, state: state, directory: plan.identity.bundle)
    }

    /// Notes in the record that criu has restored the container into a time namespace, which `exec` has to join.
    func noteTimeNamespace() { record.hasRestoredTimeNamespace = true }

    /// Writes to the record that the container is created, and keeps its configuration for later commands.
    func writeCreated() throws(RuntimeError) {
        step(.writeState)
        try keepConfiguration()
        record.stage = .created
        try directory.writeWithCopy(record)
    }

    // MARK: Failure

    /// Kills the container's first process and all others in its cgroup. Errors are ignored.
    func endProcesses() {
        if let process, !process.isReaped { try? process.handle.send(signal: Signal.kill) }
        try? cgroup?.kill(Signal.kill)
    }

    /// Undoes everything that was made. Errors aren't reported: the error that led here matters more. If something can't be
    /// removed, the record stays for `delete --force`.
    private func undo() {
        DescriptorClosing.together { spare = nil }
        devices?.giveBack(settings.log)
        let container = UndoneContainer(
            made: record.made, poststop: plan.hooks.poststop, state: plan.identity.state(.stopped, pid: 0), log: settings.log)
        do throws(RuntimeError) {
            try container.undo(in: directory.descriptor, procfs)
            try directory.remove(from: root)
        } catch {
            // Completes the record with what was made since it was last written.
            try? directory.write(record)
        }
        // Only we can reap our child. In a joined pid namespace its zombie would keep that namespace's first process from
        // ending.
        if let process, !process.isReaped, process.handle.hasEnded() { _ = try? process.handle.wait() }
    }
}
