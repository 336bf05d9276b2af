import Bytes
import Errors
import Linux
import OCI

/// The container's root file system, and everything that is made, mounted and hidden in it.
struct RootfsPlan: Sendable {
    /// The absolute path on the host.
    let path: ByteString
    let isReadOnly: Bool
    let propagation: RootPropagation
    /// Whether config.json asks for `propagation`. Then it's set on the finished root.
    let setsPropagation: Bool
    let mounts: [MountStep]
    /// The SELinux label of the file systems that are made for the container.
    let label: MountLabel?
    /// The devices of config.json. The default devices are made in addition.
    let devices: [Device]
    let maskedPaths: [ByteString]
    let readonlyPaths: [ByteString]

    init(_ config: Config, bundle: ByteString, notifyFolder: ByteString?, label: MountLabel?, warnings: inout [String])
        throws(RuntimeError)
    {
        guard let root = config.root else {
            throw RuntimeError(.invalidConfig, "missing: the root file system has to be named", pointer: "/root")
        }
        path = root.path.hasPrefix("/") ? root.path : bundle + "/" + root.path
        isReadOnly = root.readonly
        propagation = RootPropagation(config.linux.rootfsPropagation)
        setsPropagation = config.linux.rootfsPropagation != nil
        let container = IDMappings(uids: config.linux.uidMappings, gids: config.linux.gidMappings)
        var mounts: [MountStep] = []
        for (index, mount) in config.mounts.enumerated() {
            var entry = try MountStep(mount, index: index, bundle: bundle, container: container, warnings: &warnings)
            entry.mountLabel = label
            mounts.append(entry)
        }
        if let notifyFolder {
            var entry = try MountStep(
                NotifyPlace.mount(of: notifyFolder), index: mounts.count, bundle: bundle, container: container,
                warnings: &warnings)
            entry.variable = NotifyPlace.variable
            mounts.append(entry)
        }
        self.label = label
        self.mounts = mounts
        devices = config.linux.devices
        maskedPaths = config.linux.maskedPaths
        readonlyPaths = config.linux.readonlyPaths
    }

    /// Whether /dev is a bind mount of the host's.
    var bindsDev: Bool {
        mounts.contains { entry in
            guard case .bind = entry.kind else { return false }
            return entry.destination == "/dev"
        }
    }

    /// Whether the container has a writable mount of its cgroups.
    var showsCgroupsWritable: Bool {
        mounts.contains { entry in
            guard case .cgroup = entry.kind else { return false }
            return !entry.attributes.set.contains(.readOnly)
        }
    }
}
