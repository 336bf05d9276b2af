import Bytes
import Errors
import Linux
import OCI

/// The container's file system while it is being made. Everything in it is reached through `root`.
struct Rootfs: ~Copyable {
    let plan: Plan
    var sources: MountSources
    /// User namespaces that stand for the id mappings of mounts, by index in `/mounts`.
    let mappings: SortedMap<SharedDescriptor>
    /// Lists the mounts that would stay on the host: nil if the container has a mount namespace.
    let journal: MountJournal?
    let root: RootedDirectory
    /// The tmpfs mounts that become read-only at the end.
    var readOnlyLate: [SharedDescriptor] = []
    /// The devpts mount on /dev/pts, on which the terminal is opened.
    var devpts: SharedDescriptor?
    /// The container's cgroups. Known only before the first mount that needs them (`MountStep.needsCgroup`).
    var cgroups = CgroupView(mountPoints: [], isUnifiedHost: false, hasOwnNamespace: false)
    /// The joined pid namespace, if any.
    let pidNamespace: SharedDescriptor?

    /// Attaches the root file system over its own directory, if the container has a mount namespace.
    ///
    /// Before that, all mounts of the mount namespace become slave or private: a mount attached below a shared one would appear
    /// on the host, too. Usually they become slave: later mounts of the host still arrive, because sources are copied later. If
    /// the root is to be shared, they become private, because the sources are copied already.
    init(
        plan: Plan, sources: MountSources, mappings: SortedMap<SharedDescriptor>, journal: MountJournal?,
        pidNamespace: SharedDescriptor?
    ) throws(RuntimeError) {
        step(.attachRootFileSystem)
        self.plan = plan
        self.sources = sources
        self.mappings = mappings
        self.journal = journal
        self.pidNamespace = pidNamespace
        let rootfs = plan.rootfs.path
        let hasMountNamespace = plan.namespaces.has(.mount)
        root = try explaining(.mount, "the root file system can't be attached", pointer: "/root/path", path: rootfs) {
            () throws(SystemError) in
            if hasMountNamespace {
                try FileDescriptor.setPropagationOfAllMounts(plan.rootfs.propagation.isShared ? .private : .slave)
                let place = try Rootfs.place(for: rootfs)
                try sources.root.file.attach(on: place)
            }
            return RootedDirectory(
                adopting: try sources.root.file.openResolving(".", flags: [.path, .directory], resolve: []))
        }
    }

    /// Where the root is attached: at its own path, where hooks look for it. If the user namespace has no access to that path,
    /// at "/".
    private static func place(for rootfs: ByteString) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(rootfs, flags: [.path, .directory])
        } catch  where error.errno == .EACCES {
            return try FileDescriptor.open("/", flags: [.path, .directory])
        }
    }

    /// Performs entries of `/mounts` in their order, as config.md demands.
    mutating func mount(_ entries: ArraySlice<MountStep>) throws(RuntimeError) {
        step(.mountFileSystems)
        for entry in entries {
            if case .fileSystem(let type) = entry.kind, type == "proc", let pidNamespace, sources.fileSystems[entry.index] == nil
            {
                try attach(try ForeignProc.mount(entry, of: pidNamespace), entry, isDirectory: true)
            } else {
                try perform(entry)
            }
        }
    }

    /// Makes the root and its tmpfs mounts read-only if the configuration says so, after everything has been made in them.
    mutating func makeReadOnly() throws(RuntimeError) {
        step(.makeRootReadOnly)
        for mount in readOnlyLate {
            try explaining(
                .mount, "a tmpfs can't be made read-only", pointer: "/mounts",
                mount.file.setMountAttributes(MountAttributes(set: .readOnly), recursive: false))
        }
        guard plan.rootfs.isReadOnly else { return }
        try explaining(
            .mount, "the root file system can't be made read-only", pointer: "/root/readonly",
            root.descriptor.setMountAttributes(MountAttributes(set: .readOnly), recursive: false))
    }
}
