import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// A mount of the container's that shows something of the host's: it isn't in the image, and is made anew on restore.
struct ExternalMount {
    enum Source {
        case bind(MountStep)
        case device(ByteString)
        /// The null device, over masked files.
        case null
        case cgroup(ByteString, MountStep)
    }

    /// The image's name for it. Made of what config.json says and of nothing that the container can choose: criu takes whatever
    /// stands behind a "]:" in it for a path of the host's (CVE-2026-119101).
    let key: ByteString
    /// As config.json has it.
    let destination: ByteString
    let source: Source

    private init(_ kind: ByteString, _ destination: ByteString, _ source: Source) {
        key = kind + "-" + ByteString(hexadecimal: destination.bytes)
        self.destination = destination
        self.source = source
    }

    private init(masking path: ByteString) {
        key = "null"
        destination = path
        source = .null
    }

    /// All that a container of this configuration may have. What comes later lies over what comes first.
    static func all(_ rootfs: RootfsPlan, _ namespaces: NamespacePlan, cgroups: CgroupView) -> [ExternalMount] {
        var found: [ExternalMount] = []
        for mount in rootfs.mounts {
            switch mount.kind {
            case .bind: found.append(ExternalMount("mount", mount.destination, .bind(mount)))
            case .cgroup(let onlyUnified) where !cgroups.hasOwnNamespace:
                for hierarchy in cgroups.mountPoints where !onlyUnified || hierarchy.version == .v2 {
                    let isItself = onlyUnified || hierarchy.name.isEmpty
                    let place = isItself ? mount.destination : mount.destination + "/" + hierarchy.name
                    found.append(ExternalMount("cgroup", place, .cgroup(hierarchy.directory, mount)))
                }
            default: break
            }
        }
        if namespaces.has(.user) {
            for path in Rootfs.devicePaths(rootfs) { found.append(ExternalMount("device", path, .device(path))) }
        }
        found += rootfs.maskedPaths.map { ExternalMount(masking: $0) }
        return found
    }
}

extension Rootfs {
    /// Where the container's devices are.
    static func devicePaths(_ plan: RootfsPlan) -> [ByteString] {
        defaultDevices.map { $0.path } + plan.devices.map { $0.path }
    }
}

extension NamespacePlan {
    /// Refuses joined namespaces that criu can't put a process into.
    func checkRestorable() throws(RuntimeError) {
        for join in joins where [.mount, .user, .cgroup].contains(join.kind) {
            throw RuntimeError(
                .unsupported, "criu can't restore a container that joins a " + join.kind.name.description + " namespace",
                pointer: join.pointer)
        }
        guard origin(of: .mount) == .new else {
            throw RuntimeError(
                .unsupported, "a container without a mount namespace of its own can't be checkpointed",
                pointer: "/linux/namespaces")
        }
    }
}

/// Namespaces that aren't in the image: those that the container has joined, and joins again.
enum ExternalNamespaces {
    /// criu takes a descriptor for these, and a path for the others.
    static let byDescriptor: [Namespace.Kind] = [.network, .pid]

    /// As engines and their criu settings know it.
    static func key(_ kind: Namespace.Kind) -> ByteString { kind == .pid ? "extRootPidNS" : "extRootNetNS" }
}
