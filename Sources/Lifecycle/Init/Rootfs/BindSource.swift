import Bytes
import Errors
import Linux
import OCI

/// The source of a bind mount, between its lookup and the mount.
///
/// Files of the host's are looked up before anything is mounted. Later, another container with the same volume could have
/// replaced the source by a link (CVE-2021-30465). The mount is copied only when it's the entry's turn: the kernel lists mounts
/// in the order in which they were made.
enum BindSource {
    /// A file of the host's, opened in the mount namespace in which its mount is copied later.
    case file(SharedDescriptor)
    /// The finished copy of a mount.
    case tree(SharedDescriptor)
    /// A path in the container's root. It's looked up when it's the entry's turn, after the mounts of all earlier entries.
    case inside(ByteString)

    var descriptor: SharedDescriptor? {
        switch self {
        case .file(let descriptor), .tree(let descriptor): descriptor
        case .inside: nil
        }
    }

    /// A detached copy of the mount that a file is on, from that file down.
    static func copy(_ file: borrowing FileDescriptor, recursive: Bool, for plan: Plan) throws(SystemError) -> SharedDescriptor {
        let propagation = plan.namespaces.has(.mount) ? plan.rootfs.propagation.ofCopies : nil
        return SharedDescriptor(
            try FileDescriptor.cloneTree("", at: file.rawValue, recursive: recursive, MountAttributes(), propagation))
    }
}

/// Looks up sources on the host.
struct BindSourceLookup {
    /// Whether mounts are copied now: by Host, for a process that has no rights on the host's files.
    let copiesAtOnce: Bool
    let plan: Plan
    /// The root file system's path on the host, without links: nil without bind mounts, or if no /proc shows it.
    private let rootPath: ByteString?

    init(_ plan: Plan, root: borrowing FileDescriptor, copiesAtOnce: Bool) {
        self.plan = plan
        self.copiesAtOnce = copiesAtOnce
        let hasBinds = plan.rootfs.mounts.contains { if case .bind = $0.kind { true } else { false } }
        rootPath = hasBinds ? try? root.hostPath() : nil
    }

    func find(_ source: ByteString, recursive: Bool, _ entry: MountStep) throws(RuntimeError) -> BindSource {
        if let inside = ContainerPath.below(plan.rootfs.path, source) { return .inside(inside) }
        do throws(SystemError) {
            return try open(source, recursive: recursive)
        } catch {
            if error.errno == .ENOENT, let inside = missingPathInside(source) { return .inside(inside) }
            throw BindSourceLookup.failure(source, error, entry)
        }
    }

    private func open(_ source: ByteString, recursive: Bool) throws(SystemError) -> BindSource {
        let file = try FileDescriptor.open(source, flags: .path)
        let path = try? file.hostPath()
        if let rootPath, let path, let inside = ContainerPath.below(rootPath, path) { return .inside(inside) }
        // A directory above the root is copied now: later, its copy would also have the container's mounts, without their
        // masks.
        let isAboveRoot = rootPath.flatMap { root in path.map { ContainerPath.below($0, root) != nil } } ?? true
        if copiesAtOnce || plan.rootfs.propagation.isShared || (recursive && isAboveRoot) {
            return .tree(try BindSource.copy(file, recursive: recursive, for: plan))
        }
        return .file(SharedDescriptor(file))
    }

    static func failure(_ source: ByteString, _ error: SystemError, _ entry: MountStep) -> RuntimeError {
        if error.errno == .ENOENT {
            return RuntimeError(
                .mount, "source \"" + source.displayText + "\" doesn't exist", pointer: entry.label, path: source,
                call: error.call, errno: .ENOENT,
                hint: "bind mounts need an existing source; create it, or remove the entry")
        }
        return RuntimeError(
            .mount, "source \"" + source.displayText + "\" can't be opened", error, pointer: entry.label, path: source)
    }

    // MARK: Paths in the root

    /// The path in the container's root of a source that doesn't exist yet: the mount of an earlier entry may contain it.
    private func missingPathInside(_ source: ByteString) -> ByteString? {
        guard let rootPath else { return nil }
        var parent = source
        var missing: ByteString = ""
        while let slash = parent.bytes.lastIndex(of: UInt8(ascii: "/")) {
            missing = ByteString(parent.bytes[slash...]) + missing
            parent = ByteString(parent.bytes[..<slash])
            guard let file = try? FileDescriptor.open(parent.isEmpty ? "/" : parent, flags: [.path, .directory]) else {
                continue
            }
            guard let path = try? file.hostPath() else { return nil }
            return ContainerPath.below(rootPath, path + missing)
        }
        return nil
    }
}
