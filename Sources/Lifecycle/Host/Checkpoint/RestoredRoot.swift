import Bytes
import Errors
import Linux
import OCI

/// The mounts from which criu builds the container's file system: the root, and everything of the host that is mounted in it.
///
/// criu takes paths and follows links in them. So everything is opened first, as for `create`, and then attached under plain
/// names on a tmpfs, in a mount namespace of criu's own. No path that others can change is looked up a second time
/// (CVE-2021-30465), and the mounts disappear together with criu.
struct RestoredRoot {
    private struct Entry {
        let key: ByteString
        let name: ByteString
        let tree: SharedDescriptor
        let isDirectory: Bool
    }

    private static let rootName: ByteString = "root"

    /// Where the tmpfs is mounted: over the root file system's own path, which root of a user namespace can reach, too.
    private let place: ByteString
    private let root: SharedDescriptor
    private let entries: [Entry]

    /// Prepares the mounts, and sets their attributes.
    init(_ plan: Plan, _ sources: MountSources, cgroups: CgroupView) throws(RuntimeError) {
        place = try explaining(
            .mount, "the root file system can't be opened", pointer: "/root/path", path: plan.rootfs.path,
            FileDescriptor.open(plan.rootfs.path, flags: [.path, .directory]).hostPath())
        guard !place.contains(UInt8(ascii: "]")) else {
            throw RuntimeError(
                .unsupported, "criu can't name a path with \"]\": " + place.displayText, pointer: "/root/path", path: place)
        }
        root = sources.root
        if plan.rootfs.isReadOnly {
            try explaining(
                .mount, "the root file system can't be made read-only", pointer: "/root/readonly",
                sources.root.file.setMountAttributes(MountAttributes(set: .readOnly), recursive: false))
        }
        var entries: [Entry] = []
        for mount in ExternalMount.all(plan.rootfs, plan.namespaces, cgroups: cgroups)
        where !entries.contains(where: { $0.key == mount.key }) {
            guard let tree = try RestoredRoot.tree(of: mount, sources) else { continue }
            let isDirectory = try explaining(
                .mount, "the file can't be looked at", path: mount.destination, tree.file.status().kind == .directory)
            let name = "mount-" + ByteString(decimal: entries.count)
            entries.append(Entry(key: mount.key, name: name, tree: tree, isDirectory: isDirectory))
        }
        self.entries = entries
    }

    /// The mount, with its attributes set: if two mounts are of one file system, criu sets attributes only on the first one.
    private static func tree(of mount: ExternalMount, _ sources: MountSources) throws(RuntimeError) -> SharedDescriptor? {
        switch mount.source {
        case .null: return sources.null
        case .device(let path): return try open(path)
        case .bind(let step): return try limit(sources.binds[step.index]?.descriptor, step)
        case .cgroup(let path, let step): return try limit(try open(path), step)
        }
    }

    private static func open(_ path: ByteString) throws(RuntimeError) -> SharedDescriptor? {
        do throws(SystemError) {
            return SharedDescriptor(try FileDescriptor.cloneTree(path, recursive: false))
        } catch  where error.errno == .ENOENT {
            // If the image needs it nevertheless, criu reports that.
            return nil
        } catch {
            throw RuntimeError(.mount, "\"" + path.displayText + "\" can't be opened", error, path: path)
        }
    }

    @inline(never)
    private static func limit(_ tree: SharedDescriptor?, _ step: MountStep) throws(RuntimeError) -> SharedDescriptor? {
        try explaining(.mount, "the options can't be set", pointer: step.label) { () throws(SystemError) in
            if let tree { try Rootfs.setAttributes(of: tree.file, step) }
            return tree
        }
    }

    /// Tells criu the paths of the root and the mounts.
    func describe(to request: inout CriuOptions) {
        request.set(.root, place + "/" + RestoredRoot.rootName)
        for entry in entries { request.addExternalMount(entry.key, place + "/" + entry.name) }
    }

    /// Attaches everything. Called in the process that becomes criu, in a mount namespace of its own.
    func attach() throws(RuntimeError) {
        step(.attachFileSystemsForCriu)
        let context = try explaining(.mount, "no file system can be made for criu", FileSystemContext(type: "tmpfs"))
        let tmpfs = try explaining(context, "no file system can be made for criu") { () throws(SystemError) in
            try context.set("mode", to: "755")
            return try context.mount(attributes: [.noSetUserID, .noDevices])
        }
        try explaining(.mount, "the container's file systems can't be attached for criu", path: place) { () throws(SystemError) in
            try FileDescriptor.setPropagationOfAllMounts(.private)
            let state = try FileDescriptor.open(place, flags: [.path, .directory])
            try tmpfs.attach(on: state)
            try RestoredRoot.attach(root, RestoredRoot.rootName, isDirectory: true, in: tmpfs)
            for entry in entries {
                try RestoredRoot.attach(entry.tree, entry.name, isDirectory: entry.isDirectory, in: tmpfs)
            }
        }
    }

    private static func attach(
        _ tree: SharedDescriptor, _ name: ByteString, isDirectory: Bool, in folder: borrowing FileDescriptor
    ) throws(SystemError) {
        if isDirectory {
            try folder.makeDirectory(name, mode: 0o755)
        } else {
            _ = try folder.open(name, flags: [.writeOnly, .create, .exclusive], mode: 0o600)
        }
        let target = try folder.open(name, flags: [.path, .noFollow])
        try tree.file.attach(on: target)
    }

    // MARK: Mount points

    /// Makes the missing mount points in the root and in bind mounts of the host, since criu doesn't make any. Mount points on
    /// the container's own file systems are restored with their content.
    static func makeMountPoints(_ plan: Plan, _ sources: MountSources) throws(RuntimeError) {
        step(.makeMountPoints)
        for (place, mount) in plan.rootfs.mounts.enumerated() {
            guard let (folder, path) = folder(below: mount.destination, plan.rootfs.mounts[..<place], sources) else { continue }
            try explaining(.mount, "the mount point can't be made", pointer: mount.label) { () throws(SystemError) in
                let root = RootedDirectory(
                    adopting: try folder.file.openResolving(".", flags: [.path, .directory], resolve: []))
                if let bind = sources.binds[mount.index]?.descriptor,
                    try bind.file.status().kind != .directory
                {
                    _ = try root.makeFile(path)
                } else {
                    _ = try root.makeDirectories(path)
                }
            }
        }
    }

    /// Finds the mount on which a destination lies.
    ///
    /// - Parameters:
    ///   - destination: The path in the container.
    ///   - earlier: The entries of `mounts` before this one.
    ///   - sources: The root and the sources of bind mounts.
    /// - Returns: The last earlier mount that covers the destination, or the root, and the path from there. nil for a file
    ///   system that is in the image.
    private static func folder(below destination: ByteString, _ earlier: ArraySlice<MountStep>, _ sources: MountSources)
        -> (SharedDescriptor, ByteString)?
    {
        guard let cover = earlier.last(where: { destination.hasPrefix($0.destination + "/") }) else {
            return (sources.root, destination)
        }
        guard let bind = sources.binds[cover.index]?.descriptor else { return nil }
        return (bind, destination.dropFirst(cover.destination.count))
    }
}
