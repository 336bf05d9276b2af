import Bytes
import CLinux
import Errors
import Linux
import OCI

/// What of the host's files the container gets to see: opened once, before anything is attached.
///
/// A source that is looked up only when it's mounted may by then be a link that another container of the same volume made
/// (CVE-2021-30465).
struct Sources {
    struct Bind {
        /// A detached copy of the mount.
        let tree: SharedDescriptor
        let isDirectory: Bool
    }

    /// A detached copy of the root file system; the plain directory where the container has no mount namespace.
    let root: SharedDescriptor
    /// By place in `/mounts`.
    let binds: [Int: Bind]
    /// File systems that only Host may make, by place in `/mounts`.
    var fileSystems: [Int: SharedDescriptor] = [:]
    /// The host's null device, to cover files with: a container's own may be anything (CVE-2025-31133).
    let null: SharedDescriptor?

    var descriptors: [Int32] {
        [root.rawValue] + binds.values.map { $0.tree.rawValue } + fileSystems.values.map { $0.rawValue }
            + (null.map { [$0.rawValue] } ?? [])
    }

    /// `mapping`: puts an entry's id mapping on its mount. Only Host can: it has rights on the file systems themselves.
    static func open(_ plan: Plan, mapping: (borrowing FileDescriptor, MountStep) throws(RuntimeError) -> Void)
        throws(RuntimeError) -> Sources
    {
        let root = try openRoot(plan)
        var binds: [Int: Bind] = [:]
        for step in plan.mounts {
            guard case .bind(let source, let recursive) = step.kind else { continue }
            let bind = try openBind(source, recursive: recursive, step, plan)
            try bind.tree.with { (tree) throws(RuntimeError) in try mapping(tree, step) }
            binds[step.index] = bind
        }
        return Sources(root: root, binds: binds, null: plan.config.linux.maskedPaths.isEmpty ? nil : try openNull())
    }

    private static func openRoot(_ plan: Plan) throws(RuntimeError) -> SharedDescriptor {
        let directory = try explaining(
            .mount, "the root file system \"" + plan.rootfs.displayText + "\" can't be opened", pointer: "/root/path",
            path: plan.rootfs, hint: "unpack the image there, or correct root.path"
        ) { () throws(SystemError) in
            try FileDescriptor.open(plan.rootfs, flags: O_PATH | O_DIRECTORY)
        }
        guard plan.namespaces.has(.mount) else { return SharedDescriptor(directory) }
        try refuseHostRoot(directory, plan)
        return try explaining(.mount, "the root file system can't be mounted", pointer: "/root/path", path: plan.rootfs) {
            () throws(SystemError) in
            let tree = try directory.cloneTree(recursive: true)
            try tree.spread(plan.rootPropagation)
            // pivot_root(2) takes no shared mount. It becomes shared again when it's the root.
            if case .shared = plan.rootPropagation { try tree.setPropagation(UInt64(MS_PRIVATE), recursive: false) }
            return SharedDescriptor(tree)
        }
    }

    /// The host's own root, by whatever name, would give the container all that the host has.
    private static func refuseHostRoot(_ directory: borrowing FileDescriptor, _ plan: Plan) throws(RuntimeError) {
        guard let status = try? directory.status(), let root = try? FileDescriptor.open("/", flags: O_PATH).status(),
            status.st_ino == root.st_ino, status.st_dev == root.st_dev
        else { return }
        throw RuntimeError(
            .invalidConfig, "\"" + plan.rootfs.displayText + "\" is the host's own root", pointer: "/root/path", path: plan.rootfs
        )
    }

    private static func openBind(_ source: ByteString, recursive: Bool, _ step: MountStep, _ plan: Plan) throws(RuntimeError)
        -> Bind
    {
        do throws(SystemError) {
            let tree = try FileDescriptor.cloneTree(source, recursive: recursive)
            if plan.namespaces.has(.mount) { try tree.spread(plan.rootPropagation) }
            let isDirectory = try tree.status().kind == .directory
            return Bind(tree: SharedDescriptor(tree), isDirectory: isDirectory)
        } catch  where error.errno == ENOENT {
            throw RuntimeError(
                .mount, "source \"" + source.displayText + "\" doesn't exist", pointer: step.label, path: source,
                call: "open_tree", errno: ENOENT, hint: "bind mounts need an existing source; create it, or remove the entry")
        } catch {
            throw RuntimeError(
                .mount, "source \"" + source.displayText + "\" can't be opened", error, pointer: step.label, path: source)
        }
    }

    private static func openNull() throws(RuntimeError) -> SharedDescriptor {
        try explaining(.mount, "the host's /dev/null can't be used to mask paths", path: "/dev/null") {
            () throws(SystemError) in
            let tree = try FileDescriptor.cloneTree("/dev/null", recursive: false)
            guard try tree.status().isCharacterDevice(major: 1, minor: 3) else { throw SystemError("fstat", errno: ENODEV) }
            // What the container mounts over a mask would come to lie over the host's own device.
            try tree.setPropagation(UInt64(MS_PRIVATE), recursive: false)
            return SharedDescriptor(tree)
        }
    }
}

/// How mount events spread between the host and the container's mounts. Source: config-linux.md, "Rootfs Mount Propagation".
enum RootPropagation {
    case shared(recursive: Bool)
    case slave(recursive: Bool)
    case `private`(recursive: Bool)
    case unbindable(recursive: Bool)

    var flags: UInt64 {
        switch self {
        case .shared: UInt64(MS_SHARED)
        case .slave: UInt64(MS_SLAVE)
        case .private: UInt64(MS_PRIVATE)
        case .unbindable: UInt64(MS_UNBINDABLE)
        }
    }

    var isRecursive: Bool {
        switch self {
        case .shared(let recursive), .slave(let recursive), .private(let recursive), .unbindable(let recursive): recursive
        }
    }
}

extension FileDescriptor {
    /// Gives a copy of a host's mount the relation to its original that the container asked for: a shared one is left as it is, a peer
    /// of the original. Whatever else was asked for the root, mounts inside must not reach the host.
    borrowing func spread(_ propagation: RootPropagation) throws(SystemError) {
        switch propagation {
        case .shared: break
        case .slave: try setPropagation(UInt64(MS_SLAVE), recursive: true)
        case .private, .unbindable: try setPropagation(UInt64(MS_PRIVATE), recursive: true)
        }
    }
}
