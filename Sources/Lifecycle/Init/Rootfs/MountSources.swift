import Bytes
import Errors
import Linux
import OCI

/// The root file system, and other files and file systems of the host's that the container gets.
struct MountSources {
    /// A detached copy of the root file system's mounts: the directory itself if the container has no mount namespace.
    let root: SharedDescriptor
    /// The sources of bind mounts, by index in `/mounts`.
    var binds = SortedMap<BindSource>()
    /// File systems that only Host may make, by index in `/mounts`.
    var fileSystems = SortedMap<SharedDescriptor>()
    /// The host's null device, limited, which covers masked files: the container's own may be anything (CVE-2025-31133). nil if
    /// no path is masked.
    let null: SharedDescriptor?
    /// Whether Host opened the sources, in another mount namespace than the container's.
    let areHosts: Bool

    /// The attributes of a mount that covers a masked path.
    static let maskAttributes: MountAttributes.Flags = [.readOnly, .noSetUserID, .noExecution]

    /// The numbers of all descriptors here.
    var descriptors: [Int32] {
        [root.rawValue] + binds.values.compactMap { $0.descriptor?.rawValue } + fileSystems.values.map { $0.rawValue }
            + (null.map { [$0.rawValue] } ?? [])
    }

    /// Opens the root file system and everything else that is looked up before anything is mounted.
    ///
    /// - Parameters:
    ///   - plan: The container's plan.
    ///   - copiesAtOnce: Whether bind mounts are copied now. A process in another mount namespace than the container's must do
    ///     that: only finished copies can be attached there.
    /// - Returns: The opened sources, without the file systems that only Host may make.
    /// - Throws: An error that names the file that can't be opened.
    static func open(_ plan: Plan, copiesAtOnce: Bool) throws(RuntimeError) -> MountSources {
        let directory = try explaining(
            .mount, "the root file system \"" + plan.rootfs.path.displayText + "\" can't be opened", pointer: "/root/path",
            path: plan.rootfs.path, hint: "unpack the image there, or correct root.path",
            FileDescriptor.open(plan.rootfs.path, flags: [.path, .directory]))
        let lookup = BindSourceLookup(plan, root: directory, copiesAtOnce: copiesAtOnce)
        var sources = MountSources(
            root: try openRoot(directory, plan), null: plan.rootfs.maskedPaths.isEmpty ? nil : try openNull(),
            areHosts: copiesAtOnce)
        for entry in plan.rootfs.mounts {
            guard case .bind(let source, let recursive) = entry.kind else { continue }
            sources.binds[entry.index] = try lookup.find(source, recursive: recursive, entry)
        }
        return sources
    }

    private static func openRoot(_ directory: consuming FileDescriptor, _ plan: Plan) throws(RuntimeError) -> SharedDescriptor {
        guard plan.namespaces.has(.mount) else { return SharedDescriptor(directory) }
        try refuseHostRoot(directory, plan)
        return try explaining(.mount, "the root file system can't be mounted", pointer: "/root/path", path: plan.rootfs.path) {
            () throws(SystemError) in
            let tree = try FileDescriptor.cloneTree(
                "", at: directory.rawValue, recursive: true, MountAttributes(), plan.rootfs.propagation.ofCopies)
            // pivot_root(2) refuses a shared mount. The mount becomes shared again once it's the root.
            if plan.rootfs.propagation.isShared { try tree.setPropagation(.private, recursive: false) }
            return SharedDescriptor(tree)
        }
    }

    /// Refuses the host's own root, by whatever path: it would give the container all files of the host.
    private static func refuseHostRoot(_ directory: borrowing FileDescriptor, _ plan: Plan) throws(RuntimeError) {
        guard let status = try? directory.status(), let root = try? FileDescriptor.status(of: "/"),
            status.isSameFile(as: root)
        else { return }
        throw RuntimeError(
            .invalidConfig, "\"" + plan.rootfs.path.displayText + "\" is the host's own root", pointer: "/root/path",
            path: plan.rootfs.path
        )
    }

    private static func openNull() throws(RuntimeError) -> SharedDescriptor {
        try explaining(.mount, "the host's /dev/null can't be used to mask paths", path: "/dev/null") {
            () throws(SystemError) in
            // Were it shared, a mount that the container makes over a mask would appear over the host's own device, too.
            let tree = try FileDescriptor.cloneTree(
                "/dev/null", recursive: false, MountAttributes(set: maskAttributes), .private)
            guard try tree.status().isCharacterDevice(major: 1, minor: 3) else { throw SystemError("fstat", errno: .ENODEV) }
            return SharedDescriptor(tree)
        }
    }
}
