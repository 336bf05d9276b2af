import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// A container that is being restored, and the conversation with criu, which makes its processes.
final class RestoreSession {
    private static let logFile: ByteString = "restore.log"

    private let options: RestoreOptions
    let transaction: ContainerTransaction
    private let console: ConsoleSocket
    private let images: ImageDirectory
    private let work: ImageDirectory
    private var sources: MountSources?
    private var terminal: SharedDescriptor?
    private var isChecked = false
    /// Holds the container's unit until criu is in it. nil without systemd.
    private var unitHolder: UnitHolder?

    private var plan: Plan { transaction.plan }
    /// The container's first process, and its terminal if it has one.
    var process: ContainerProcess? { transaction.process }

    /// Reads the bundle, checks the image, and decides everything. It makes only the folder of criu's log, if it's missing, and
    /// the container's state directory.
    static func begin(_ options: RestoreOptions, _ settings: GlobalSettings) throws(RuntimeError) -> RestoreSession {
        let planned = try PlannedContainer(options.create, settings)
        let plan = planned.plan
        try plan.namespaces.checkRestorable()
        try CgroupAnnotations.checkRestorable(plan.identity.annotations)
        try plan.netDevices.checkRestorable()
        try plan.resctrl?.checkRestorable()
        step(.openImage)
        let images = try ImageDirectory.open(options.image.imagePath, "image-path")
        let work = try ImageDirectory.make(options.image.workPath ?? options.image.imagePath, "work-path")
        try images.checkOutside(rootfs: plan.rootfs.path, mounts: plan.rootfs.mounts)
        try work.checkOutside(rootfs: plan.rootfs.path, mounts: plan.rootfs.mounts)
        if plan.namespaces.has(.user) { try images.checkSearchable() }
        try images.checkContents()
        try work.checkLog(logFile)
        let console = try ConsoleSocket(
            options.create.consoleSocket, terminal: plan.process?.spec.terminal == true, detached: options.detach)
        return RestoreSession(
            options: options, transaction: try .begin(planned, settings), console: console, images: images, work: work)
    }

    private init(
        options: RestoreOptions, transaction: ContainerTransaction, console: consuming ConsoleSocket,
        images: ImageDirectory, work: ImageDirectory
    ) {
        self.options = options
        self.transaction = transaction
        self.console = console
        self.images = images
        self.work = work
    }

    /// Restores the container. On failure everything is undone.
    func execute() throws(RuntimeError) {
        try transaction.attempt { () throws(RuntimeError) in
            try transaction.prepareCgroup()
            try makeUnit()
            try restore()
            guard let process, isChecked else {
                throw RuntimeError(.checkpoint, "criu restored the container without a word before it ran")
            }
            try plan.announcement.make(of: process)
        }
    }

    /// Has systemd make the container's unit. criu is born in its cgroup, as without systemd, so another process must be there
    /// before.
    private func makeUnit() throws(RuntimeError) {
        guard transaction.unit != nil else { return }
        let holder = try UnitHolder()
        unitHolder = holder
        try transaction.makeUnit(around: holder.pid)
    }

    // MARK: criu

    private func restore() throws(RuntimeError) {
        step(.openFileSystems)
        var sources = try MountSources.open(plan, copiesAtOnce: true)
        try sources.copyInside(plan)
        _ = try sources.map(by: try MappedMounts.namespaces(plan, transaction.procfs), plan.rootfs.mounts)
        self.sources = sources
        try RestoredRoot.makeMountPoints(plan, sources)
        let restoredRoot = try RestoredRoot(plan, sources, cgroups: plan.cgroupView(transaction.cgroup))
        var start = CriuProcess.Start(log: CriuLog(path: work.path + "/" + RestoreSession.logFile))
        start.namespaces = .mount
        start.cgroup = try transaction.cgroup?.sharedDirectoryForClone()
        start.diesWithUs = true
        let tasks = try transaction.cgroup?.openTasks()
        let folders = [images.path, work.path]
        let keyring = plan.makesKeyring ? plan.identity.id : nil
        let forbidsNewPrivileges = plan.process?.spec.noNewPrivileges == true
        // criu makes the cgroup namespace only if it manages cgroups. Otherwise the processes inherit criu's own.
        let makesCgroupNamespace = options.image.cgroupsMode == .ignore && plan.namespaces.origin(of: .cgroup) == .new
        start.prepare = { () throws(RuntimeError) in
            try tasks?.enter()
            tasks?.closeFiles()
            if makesCgroupNamespace {
                try explaining(.namespace, "a cgroup namespace can't be made", pointer: "/linux/namespaces", unshare(.cgroup))
            }
            try restoredRoot.attach()
            // criu doesn't restore keyrings: the container's processes inherit that of criu.
            if let keyring { try joinSessionKeyring(of: keyring) }
            // criu before 3.19 doesn't restore this either. The processes inherit it from criu, and it can't be cleared.
            if forbidsNewPrivileges {
                try explaining(
                    .process, "criu's privileges can't be limited", pointer: "/process/noNewPrivileges",
                    Credentials.forbidNewPrivileges())
            }
            return try RestoreSession.open(folders)
        }
        var request = CriuOptions()
        restoredRoot.describe(to: &request)
        try addStreams(to: &request, &start)
        addNamespaces(to: &request, &start)
        if plan.makesKeyring { try plan.process?.spec.labelKeyring(by: transaction.procfs) }
        try run(try CriuProcess(start), request)
    }

    /// Opens the folders in criu's mount namespace. criu mounts what it needs in its working folder, which must be on a mount
    /// of its own namespace for that.
    private static func open(_ folders: [ByteString]) throws(RuntimeError) -> [SharedDescriptor] {
        var opened: [SharedDescriptor] = []
        for folder in folders {
            try explaining(
                .checkpoint, "the image can't be opened for criu", path: folder,
                opened.append(SharedDescriptor(try .open(folder, flags: [.readOnly, .directory]))))
        }
        return opened
    }

    private func run(_ criu: borrowing CriuProcess, _ described: CriuOptions) throws(RuntimeError) {
        do throws(RuntimeError) {
            var request = described
            guard criu.prepared.count == 2 else { throw RestoreSession.confusion }
            request.set(options.image, images: criu.prepared[0], work: criu.prepared[1], logFile: RestoreSession.logFile)
            describe(&request)
            // If we're killed before the container's processes are known, `delete --force` finds criu, which is in their
            // cgroup.
            try transaction.adopt(try ContainerProcess(child: criu.pid))
            transaction.process = nil
            unitHolder = nil
            try criu.checkVersion()
            try criu.check(tracksMemory: false, hasLazyPages: options.image.lazyPages)
            step(.restore)
            try criu.perform(.restore, request, failing: "criu can't restore the container") {
                [self] (notification, descriptors) throws(RuntimeError) in
                transaction.settings.log.debug("criu: " + notification.script.displayText)
                try answer(notification, descriptors)
            }
        } catch {
            criu.kill()
            throw error
        }
        criu.finish()
    }

    private func describe(_ request: inout CriuOptions) {
        request.set(.evasiveDevices)
        // The restored processes become our children, not criu's. When we have exited, they are our caller's to wait for.
        request.set(.restoredSibling)
        request.set(.closeTCP, options.closesTCP)
        request.set(.lsmProfile, options.lsmProfile)
        request.set(.lsmMountContext, options.lsmMountContext)
        for group in transaction.record.cgroup?.groups ?? [] {
            request.addCgroupRoot(controllers: group.subsystems, "/" + (transaction.record.cgroup?.path ?? ""))
        }
        request.setConfigFile(plan.identity.annotations)
    }

    /// Connects the pipes and files that were the container's standard streams to the streams of its new caller.
    private func addStreams(to request: inout CriuOptions, _ start: inout CriuProcess.Start) throws(RuntimeError) {
        for (number, name) in try StandardStreamNames.read(from: images) {
            guard let copy = try? SharedDescriptor(FileDescriptor.duplicate(Int32(number))) else { continue }
            request.inherit(CriuProcess.firstPassed + start.passed.count, as: name)
            start.passed.append(copy)
        }
    }

    private func addNamespaces(to request: inout CriuOptions, _ start: inout CriuProcess.Start) {
        for join in plan.namespaces.joins {
            guard let file = plan.namespaceFiles.file(of: join.kind) else { continue }
            if ExternalNamespaces.byDescriptor.contains(join.kind) {
                request.inherit(CriuProcess.firstPassed + start.passed.count, as: ExternalNamespaces.key(join.kind))
                start.passed.append(file)
            } else {
                request.join(join.kind.fileName, join.path)
            }
        }
    }

    // MARK: Notifications

    private func answer(_ notification: CriuResponse, _ descriptors: [SharedDescriptor]) throws(RuntimeError) {
        switch notification.script {
        case "setup-namespaces":
            // The processes have namespaces and nothing in them yet.
            guard let pid = notification.pid, pid > 0, transaction.process == nil else { throw RestoreSession.confusion }
            let process = try ContainerProcess(child: pid)
            // The pid may be forged: the container's processes may have had criu's socket. But only criu can make children of
            // ours.
            guard process.handle.isChild else { throw RestoreSession.confusion }
            try transaction.adopt(process)
            try transaction.runEarlyHooks()
            step(.restore)
            if plan.namespaces.origin(of: .network) == .new { try bringUpLoopback(pid) }
        case "orphan-pts-master": if terminal == nil { terminal = try Terminal.controller(among: descriptors) }
        // All processes exist, and are stopped. criu doesn't undo what fails from here on, so we have to kill them.
        case "pre-resume": try beforeRunning()
        default: break
        }
    }

    private static let confusion = RuntimeError(.checkpoint, "criu said what doesn't belong here")

    /// Brings the loopback device up, as in a created container. The image has no interfaces, so the device has no address yet.
    private func bringUpLoopback(_ pid: Int32) throws(RuntimeError) {
        let failure = RuntimeError(
            .namespace, "the container's loopback device can't be brought up", pointer: "/linux/namespaces")
        let clone = try explaining(.system, "no process can be made for the loopback device", cloneProcess())
        switch consume clone {
        case .child:
            do throws(SystemError) {
                try transaction.procfs.openNamespace("net", of: ByteString(decimal: pid)).enterNamespace(.network)
                try OwnProcess.bringUpLoopback()
                OwnProcess.exit(0)
            } catch {
                OwnProcess.exit(1)
            }
        case .parent(_, let handle):
            guard (try? handle.wait()) == .exited(0) else { throw failure }
        }
    }

    private func isInOwnTimeNamespace(_ pid: Int32) throws(RuntimeError) -> Bool {
        do throws(SystemError) {
            return try !transaction.procfs.sharesNamespace("time", with: ByteString(decimal: pid))
        } catch  where error.errno == .ENOENT {
            // A kernel without time namespaces.
            return false
        } catch {
            throw RuntimeError(.checkpoint, "the time namespace of the restored container can't be looked at", error)
        }
    }

    private func beforeRunning() throws(RuntimeError) {
        do throws(RuntimeError) {
            guard let process, let sources, !isChecked else { throw RestoreSession.confusion }
            try RestoredSecurity(plan, sources, cgroup: transaction.record.cgroup, lsmProfile: options.lsmProfile)
                .check(process.pid, transaction.procfs)
            if try isInOwnTimeNamespace(process.pid) { transaction.noteTimeNamespace() }
            try transaction.limitLate()
            step(.handOverTerminal)
            process.terminal = terminal
            if let terminal { try console.handOver(terminal) }
            try transaction.writeCreated()
            isChecked = true
            step(.restore)
        } catch {
            let failure = error.during(currentStep())
            transaction.endProcesses()
            throw failure
        }
    }
}
