import Bytes
import Errors
import Linux
import OCI

/// What of the host's files the container gets to see.
struct MountSources {
    /// A detached copy of the root file system; the plain directory where the container has no mount namespace.
    let root: SharedDescriptor
    /// By place in `/mounts`.
    var binds = SortedMap<BindSource>()
    /// File systems that only Host may make, by place in `/mounts`.
    var fileSystems = SortedMap<SharedDescriptor>()
    /// The host's null device, to cover files with: a container's own may be anything (CVE-2025-31133).
    let null: SharedDescriptor?
    /// Whether Host opened them, in another mount namespace than the container's.
    let areHosts: Bool

    var descriptors: [Int32] {
        [root.rawValue] + binds.values.compactMap { $0.descriptor?.rawValue } + fileSystems.values.map { $0.rawValue }
            + (null.map { [$0.rawValue] } ?? [])
    }

    /// Opens all that is looked up before anything is mounted.
    ///
    /// `copiesAtOnce`: by a process in another mount namespace than the container's, which only whole copies can go to.
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
            let tree = try directory.cloneTree(recursive: true)
            try tree.spread(plan.rootfs.propagation)
            // pivot_root(2) takes no shared mount. It becomes shared again when it's the root.
            if plan.rootfs.propagation.isShared { try tree.setPropagation(.private, recursive: false) }
            return SharedDescriptor(tree)
        }
    }

    /// The host's own root, by whatever name, would give the container all that the host has.
    private static func refuseHostRoot(_ directory: borrowing FileDescriptor, _ plan: Plan) throws(RuntimeError) {
        guard let status = try? directory.status(), let root = try? FileDescriptor.open("/", flags: .path).status(),
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
            let tree = try FileDescriptor.cloneTree("/dev/null", recursive: false)
            guard try tree.status().isCharacterDevice(major: 1, minor: 3) else { throw SystemError("fstat", errno: .ENODEV) }
            // What the container mounts over a mask would come to lie over the host's own device.
            try tree.setPropagation(.private, recursive: false)
            return SharedDescriptor(tree)
        }
    }
}
