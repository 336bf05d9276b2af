import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// A mount in the container that shows files of the host. It isn't in the image, and is made anew on restore.
struct ExternalMount {
    /// What is mounted.
    enum Source {
        case bind(MountStep)
        case device(ByteString)
        /// The null device, over masked files.
        case null
        case cgroup(ByteString, MountStep)
    }

    /// The mount's name in the image. It's made only from config.json, never from anything that the container can choose: criu
    /// takes the text behind a "]:" in a name for a path on the host (CVE-2026-119101).
    let key: ByteString
    /// The path in the container, as config.json has it.
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

    /// All external mounts that a container of this configuration may have. Later ones may cover earlier ones.
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
    /// The paths of the container's devices.
    static func devicePaths(_ plan: RootfsPlan) -> [ByteString] {
        defaultDevices.map { $0.path } + plan.devices.map { $0.path }
    }
}

extension NamespacePlan {
    /// Refuses namespaces that criu can't restore: a joined mount, user or cgroup namespace, and no mount namespace at all.
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

extension [NetDevice] {
    /// Refuses a container with network devices of the host: criu can't dump them, and `restore` doesn't move them again.
    func checkRestorable() throws(RuntimeError) {
        guard !isEmpty else { return }
        throw RuntimeError(
            .unsupported, "a container with network devices of the host can't be checkpointed or restored",
            pointer: "/linux/netDevices")
    }
}

/// Namespaces that aren't in the image, since the container has joined them and joins them again on restore.
enum ExternalNamespaces {
    /// The kinds for which criu takes a descriptor. It takes a path for the others.
    static let byDescriptor: [Namespace.Kind] = [.network, .pid]

    /// The name of the namespace in the image, which engines use in their settings for criu, too.
    static func key(_ kind: Namespace.Kind) -> ByteString { kind == .pid ? "extRootPidNS" : "extRootNetNS" }
}
