import Bytes
import Errors
import Linux
import OCI

/// The container's file system while it is being made. Everything in it is reached through `root`.
struct Rootfs: ~Copyable {
    let plan: Plan
    var sources: MountSources
    /// User namespaces that stand for the id mappings of mounts, by place in `/mounts`.
    let mappings: SortedMap<SharedDescriptor>
    /// Where mounts are written down that would stay on the host.
    let journal: MountJournal?
    let root: RootedDirectory
    /// tmpfs mounts that become read-only at the end, and all mounts that a later step needs again.
    var readOnlyLate: [SharedDescriptor] = []
    /// The devpts mount on /dev/pts: terminals come from it.
    var devpts: SharedDescriptor?
    let cgroups: CgroupView
    /// The joined pid namespace, if any.
    let pidNamespace: SharedDescriptor?

    /// Takes the root file system and attaches it over its own place.
    ///
    /// First no mount of the tree may be shared any more: one attached below a shared mount would appear on the host too. They still
    /// follow the host's, for sources that are copied later.
    init(
        plan: Plan, sources: MountSources, mappings: SortedMap<SharedDescriptor>, journal: MountJournal?, cgroups: CgroupView,
        pidNamespace: SharedDescriptor?
    ) throws(RuntimeError) {
        step(.attachRootFileSystem)
        self.plan = plan
        self.sources = sources
        self.mappings = mappings
        self.journal = journal
        self.cgroups = cgroups
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

    /// Where hooks look for it: at its own path. A user namespace may have no way there; then any place does.
    private static func place(for rootfs: ByteString) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(rootfs, flags: [.path, .directory])
        } catch  where error.errno == .EACCES {
            return try FileDescriptor.open("/", flags: [.path, .directory])
        }
    }

    /// Does the entries of `/mounts` in their order, as config.md demands.
    mutating func mountAll() throws(RuntimeError) {
        step(.mountFileSystems)
        for entry in plan.rootfs.mounts {
            if case .fileSystem(let type) = entry.kind, type == "proc", let pidNamespace, sources.fileSystems[entry.index] == nil
            {
                try attach(try ForeignProc.mount(entry, of: pidNamespace), entry, isDirectory: true)
            } else {
                try perform(entry)
            }
        }
    }

    /// After everything has been made in it.
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
