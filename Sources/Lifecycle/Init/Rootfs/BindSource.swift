import Bytes
import Errors
import Linux
import OCI

/// The source of a bind mount, between its lookup and the mount.
///
/// Files of the host's are looked up before anything is mounted: a source that is looked up only at its turn may by then be a link that
/// another container of the same volume made (CVE-2021-30465). The copy of the mount is made at its turn: the kernel lists mounts in the
/// order in which they were made.
enum BindSource {
    /// A file of the host's, opened in the mount namespace that the mount is copied in.
    case file(SharedDescriptor)
    /// The finished copy of a mount.
    case tree(SharedDescriptor)
    /// A path in the container's root: looked up there at its turn, when the mounts that are listed before are in place.
    case inside(ByteString)

    var descriptor: SharedDescriptor? {
        switch self {
        case .file(let descriptor), .tree(let descriptor): descriptor
        case .inside: nil
        }
    }

    static func copy(_ file: borrowing FileDescriptor, recursive: Bool, for plan: Plan) throws(SystemError) -> SharedDescriptor {
        let tree = try file.cloneTree(recursive: recursive)
        if plan.namespaces.has(.mount) { try tree.spread(plan.rootfs.propagation) }
        return SharedDescriptor(tree)
    }
}

/// Looks up sources on the host.
struct BindSourceLookup {
    /// Whether the copies are to be made at once: by Host, for a process that has no rights on the host's files.
    let copiesAtOnce: Bool
    let plan: Plan
    /// The root file system's own path, without links: nil where no /proc tells it.
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
        // Whatever lies above the root must not bring a second copy of the container's mounts into it, without their masks.
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

    /// The path in the root of a source that isn't there yet: a mount that is listed before may bring it.
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
