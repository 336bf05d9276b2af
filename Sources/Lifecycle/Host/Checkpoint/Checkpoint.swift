import Bytes
import Cgroups
public import Errors
import Linux
import OCI

/// Writes the state of a container's processes to files, by criu.
///
/// Afterwards the processes are ended and the container is deleted, except with `--leave-running` or `--pre-dump`.
///
/// - Parameters:
///   - options: The options of `checkpoint`.
///   - settings: The global options.
/// - Throws: `checkpoint` if criu fails or refuses, `wrongState` if the container is neither running nor paused.
public func checkpointContainer(_ options: CheckpointOptions, _ settings: GlobalSettings) throws(RuntimeError) {
    Signal.ignore(Signal.pipe)
    Signal.takeDefault(Signal.child)
    let directory = try ContainerDirectory.require(options.id, settings)
    try directory.lockForChange()
    let record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    let status = try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: true).status
    guard status == .running || status == .paused else {
        throw RuntimeError(
            .wrongState, "container cannot be checkpointed in " + status.name.description + " state",
            hint: "checkpoint a container that is running or paused")
    }
    guard try !NotifyPlace.exists(in: directory.descriptor) else {
        throw RuntimeError(
            .unsupported, "a container with a socket for sd_notify(3) can't be checkpointed: `restore` makes no such socket",
            hint: "create the container without NOTIFY_SOCKET in the environment")
    }
    let config = try directory.config()
    try CheckpointSession(options, record, config, settings.log).execute(procfs)
    guard !options.leaveRunning, !options.preDump else { return }
    guard let root = try StateRoot.open(settings.root) else { return }
    do throws(RuntimeError) {
        try Deletion(record: record, settings: settings).execute(directory, root, procfs, force: true)
    } catch {
        settings.log.warn("the container was checkpointed, but can't be removed: " + error.message)
    }
}

/// The settings for criu that `checkpoint` and `restore` share.
extension CriuOptions {
    mutating func set(_ image: ImageOptions, images: SharedDescriptor, work: SharedDescriptor, logFile: ByteString) {
        set(.imagesDirectory, Int(images.rawValue))
        set(.workDirectory, Int(work.rawValue))
        set(.logFile, logFile)
        set(.logLevel, 4)
        set(.notifications)
        set(.orphanTerminals)
        set(.shellJob, image.shellJob)
        set(.establishedTCP, image.establishedTCP)
        if let lock = image.networkLock { set(.networkLock, lock.rawValue) }
        set(.externalUnixSockets, image.externalUnixSockets)
        set(.fileLocks, image.fileLocks)
        set(.autoDeduplication, image.autoDeduplication)
        set(.lazyPages, image.lazyPages)
        set(.manageCgroups)
        // 6 leaves the choice to criu: `DEFAULT` in `criu_cg_mode`.
        set(.cgroupsMode, image.cgroupsMode?.rawValue ?? 6)
        // Network interfaces aren't in the image. The engine makes them anew.
        set(.emptyNamespaces, Int(NamespaceKinds.network.rawValue))
    }

    /// Names a configuration file whose settings override ours: the one of the annotation `org.criu.config`, or the
    /// administrator's. An empty annotation asks for none.
    mutating func setConfigFile(_ annotations: [Annotation]) {
        if let annotation = annotations.first(where: { $0.key == "org.criu.config" }) {
            if !annotation.value.isEmpty { set(.configFile, annotation.value) }
            return
        }
        let own: ByteString = "/etc/criu/wherry.conf"
        set(.configFile, isAccessible(own) ? own : "/etc/criu/runc.conf")
    }
}

private final class CheckpointSession {
    private static let logFile: ByteString = "dump.log"

    private let options: CheckpointOptions
    private let record: ContainerRecord
    private let config: Config
    private let log: Log

    init(_ options: CheckpointOptions, _ record: ContainerRecord, _ config: Config, _ log: Log) {
        self.options = options
        self.record = record
        self.config = config
        self.log = log
    }

    func execute(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step(.prepareCheckpoint)
        let namespaces = NamespacePlan(config.linux.namespaces)
        try namespaces.checkRestorable()
        try CgroupAnnotations.checkRestorable(config.annotations)
        try config.linux.netDevices.checkRestorable()
        try config.linux.intelRdt.map { ResctrlPlan($0, id: record.id) }?.checkRestorable()
        try checkStatusDescriptor()
        var ignored: [String] = []
        let rootfs = try RootfsPlan(config, bundle: record.bundle, notifyFolder: nil, label: nil, warnings: &ignored)
        try rootfs.mounts.refuseSourcesInMounts(rootfs: record.rootfs)
        let images = try ImageDirectory.make(
            options.image.imagePath, "image-path", forUserNamespace: namespaces.has(.user))
        let work = try ImageDirectory.make(options.image.workPath ?? options.image.imagePath, "work-path")
        try images.checkOutside(rootfs: record.rootfs, mounts: rootfs.mounts)
        try work.checkOutside(rootfs: record.rootfs, mounts: rootfs.mounts)
        try work.checkLog(CheckpointSession.logFile)

        var request = CriuOptions()
        request.set(options.image, images: images.descriptor, work: work.descriptor, logFile: CheckpointSession.logFile)
        try describe(&request, images)
        if !options.preDump {
            try addMounts(to: &request, rootfs, namespaces, procfs)
            for name in record.streams where StreamNames.isFile(name) { request.set(.external, name) }
        }
        try addNamespaces(to: &request, namespaces, procfs)
        request.setConfigFile(config.annotations)
        try dump(request, to: images, CriuLog(path: work.path + "/" + CheckpointSession.logFile))
    }

    private func describe(_ request: inout CriuOptions, _ images: ImageDirectory) throws(RuntimeError) {
        request.set(.pid, Int(record.pid))
        request.set(.root, record.rootfs)
        request.set(.leaveRunning, options.leaveRunning)
        request.set(.tcpSkipInFlight, options.tcpSkipInFlight)
        request.set(.linkRemap, options.linkRemap)
        if let server = options.pageServer { request.setPageServer(server) }
        if options.preDump { request.set(.trackMemory) }
        if let parent = options.parentPath {
            try images.checkParent(parent)
            request.set(.parentImage, parent)
            request.set(.trackMemory)
        }
        // Without a freezer, criu stops the processes one by one, while the others may make new ones.
        if let cgroup = record.cgroup { request.set(.freezerCgroup, try Cgroup(record: cgroup).freezerDirectory) }
    }

    /// Names the mounts that criu must not write to the image, by their present paths. Links in the container's root are
    /// followed, as they were when the mounts were made.
    private func addMounts(
        to request: inout CriuOptions, _ rootfs: RootfsPlan, _ namespaces: NamespacePlan, _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) {
        let root = try explaining(
            .checkpoint, "the container's root can't be opened",
            RootedDirectory(
                adopting: try FileDescriptor.open(
                    ByteString(decimal: record.pid) + "/root", at: procfs.root.rawValue, flags: [.path, .directory])))
        let cgroup: Cgroup?
        if let record = record.cgroup { cgroup = try Cgroup(record: record) } else { cgroup = nil }
        let view = CgroupView(of: cgroup, namespaces, isUnifiedHost: try CgroupHost.detect(procfs: procfs).layout == .unified)
        for mount in ExternalMount.all(rootfs, namespaces, cgroups: view) {
            let path: ByteString
            do throws(SystemError) {
                let file = try root.open(mount.destination)
                // Masked folders have an empty file system of their own, which is in the image.
                if case .null = mount.source, !(try file.status().isCharacterDevice(major: 1, minor: 3)) { continue }
                path = try file.hostPath()
            } catch {
                // The container has unmounted or hidden it, or this kernel doesn't have a masked path.
                continue
            }
            guard !path.contains(UInt8(ascii: "]")) else {
                throw RuntimeError(
                    .checkpoint,
                    "a mount at \"" + path.displayText + "\" can't be checkpointed: criu can't name a path with \"]\"",
                    path: path)
            }
            request.addExternalMount(path, mount.key)
        }
    }

    private func addNamespaces(
        to request: inout CriuOptions, _ namespaces: NamespacePlan, _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) {
        for join in namespaces.joins where ExternalNamespaces.byDescriptor.contains(join.kind) {
            let status = try explaining(
                .namespace, "the container's namespaces can't be looked at",
                procfs.namespace(join.kind.fileName, of: ByteString(decimal: record.pid)))
            let name = join.kind.fileName + "[" + ByteString(decimal: status.inode) + "]:"
            request.set(.external, name + ExternalNamespaces.key(join.kind))
        }
    }

    private func dump(_ request: CriuOptions, to images: ImageDirectory, _ criuLog: CriuLog) throws(RuntimeError) {
        let criu = try CriuProcess(CriuProcess.Start(log: criuLog))
        do throws(RuntimeError) {
            try criu.checkVersion()
            try criu.check(
                tracksMemory: options.preDump || options.parentPath != nil, hasLazyPages: options.image.lazyPages)
            step(.dump)
            // Not before criu is there: restore takes a folder with this file for an image.
            if !options.preDump { try StandardStreamNames.write(record.streams, to: images) }
            let kind: CriuRequest = options.preDump ? .preDump : .dump
            try criu.perform(kind, request, failing: "criu can't dump the container") {
                [self] (notification, _) throws(RuntimeError) in
                log.debug("criu: " + notification.script.displayText)
                if notification.script == "status-ready" { reportReady() }
            }
        } catch {
            criu.hangUp()
            if !options.preDump { StandardStreamNames.remove(from: images) }
            throw error
        }
        criu.finish()
    }

    private func checkStatusDescriptor() throws(RuntimeError) {
        guard let descriptor = options.statusDescriptor else { return }
        let flags = try? FileDescriptor.openFlags(of: descriptor)
        guard let flags, !flags.isDisjoint(with: [.writeOnly, .readWrite]) else {
            throw RuntimeError(
                .usage,
                "invalid --status-fd " + String(descriptor) + ": "
                    + (flags == nil ? "no such descriptor is open" : "it isn't open for writing"))
        }
    }

    private func reportReady() {
        guard let descriptor = options.statusDescriptor else { return }
        let file = FileDescriptor(adopting: descriptor)
        try? file.writeAll([0])
    }
}
