import Bytes
import Errors
import Linux
import OCI

/// The container's file system: the root and all that is made, mounted and hidden in it.
struct RootfsPlan: Sendable {
    /// On the host. Absolute.
    let path: ByteString
    let isReadOnly: Bool
    let propagation: RootPropagation
    /// Whether the configuration asks for `propagation`, which is set then on the finished root.
    let setsPropagation: Bool
    let mounts: [MountStep]
    /// Those of the configuration; the default ones come besides.
    let devices: [Device]
    let maskedPaths: [ByteString]
    let readonlyPaths: [ByteString]

    init(_ config: Config, bundle: ByteString, warnings: inout [String]) throws(RuntimeError) {
        guard let root = config.root else {
            throw RuntimeError(.invalidConfig, "missing: the root file system has to be named", pointer: "/root")
        }
        path = root.path.hasPrefix("/") ? root.path : bundle + "/" + root.path
        isReadOnly = root.readonly
        propagation = RootPropagation(config.linux.rootfsPropagation)
        setsPropagation = config.linux.rootfsPropagation != nil
        var mounts: [MountStep] = []
        for (index, mount) in config.mounts.enumerated() {
            mounts.append(try MountStep(mount, index: index, bundle: bundle, warnings: &warnings))
        }
        self.mounts = mounts
        devices = config.linux.devices
        maskedPaths = config.linux.maskedPaths
        readonlyPaths = config.linux.readonlyPaths
    }

    /// Whether the configuration mounts a /dev of the host's.
    var bindsDev: Bool {
        mounts.contains { entry in
            guard case .bind = entry.kind else { return false }
            return entry.destination == "/dev"
        }
    }

    /// Whether the container can write to cgroups by a mount of theirs.
    var showsCgroupsWritable: Bool {
        mounts.contains { entry in
            guard case .cgroup = entry.kind else { return false }
            return !entry.attributes.set.contains(.readOnly)
        }
    }
}
