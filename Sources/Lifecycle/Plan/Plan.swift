import Bytes
import CLinux
import Errors
import Linux
import OCI

/// All that is decided before anything is changed. What can be refused is refused here, with nothing to undo.
final class Plan: Sendable {
    let options: CreateOptions
    let config: Config
    /// Absolute.
    let bundle: ByteString
    /// Absolute.
    let rootfs: ByteString
    let namespaces: NamespacePlan
    let mounts: [MountStep]
    let capabilities: CapabilityPlan
    /// Descriptors from 3 upward that the process keeps: those asked for and those of LISTEN_FDS, sd_listen_fds(3).
    let preservedDescriptors: Int
    let listenDescriptors: Int
    /// What is left out or does nothing, in sentences.
    let warnings: [String]

    init(
        _ config: Config, options: CreateOptions, bundle: ByteString, host: HostFacts
    ) throws(RuntimeError) {
        var warnings: [String] = []
        guard let root = config.root else {
            throw RuntimeError(.invalidConfig, "missing: the root file system has to be named", pointer: "/root")
        }
        self.options = options
        self.config = config
        self.bundle = bundle
        rootfs = root.path.hasPrefix("/") ? root.path : bundle + "/" + root.path
        namespaces = NamespacePlan(config.linux.namespaces)
        var mounts: [MountStep] = []
        for (index, mount) in config.mounts.enumerated() {
            mounts.append(try MountStep(mount, index: index, bundle: bundle, warnings: &warnings))
        }
        self.mounts = mounts
        // In a user namespace of its own the process starts with every capability there is.
        let grantable = namespaces.has(.user) ? CapabilitySet(bits: .max) : host.capabilities
        capabilities = CapabilityPlan(
            config.process?.capabilities, grantable: grantable, warnings: &warnings)
        listenDescriptors = options.listenFDs
        preservedDescriptors = options.preserveFDs + options.listenFDs
        self.warnings = warnings + config.unknownProperties.map { $0 + ": unknown property, ignored" }
        try refuseUnsupported()
        try check(host)
    }

    /// Whether the configuration mounts a /dev of the host's.
    var bindsDev: Bool {
        mounts.contains { entry in
            guard case .bind = entry.kind else { return false }
            return entry.destination == "/dev"
        }
    }

    /// What nothing says anything about follows the host, and doesn't lead it.
    var rootPropagation: RootPropagation {
        switch config.linux.rootfsPropagation {
        case .shared: .shared(recursive: false)
        case .recursiveShared: .shared(recursive: true)
        case .slave: .slave(recursive: false)
        case .recursiveSlave, nil: .slave(recursive: true)
        case .private: .private(recursive: false)
        case .recursivePrivate: .private(recursive: true)
        case .unbindable: .unbindable(recursive: false)
        case .recursiveUnbindable: .unbindable(recursive: true)
        }
    }

    /// Host waits with the mapping of ids, hooks and the like only where there are any.
    var hasEarlyHooks: Bool { !config.hooks.prestart.isEmpty || !config.hooks.createRuntime.isEmpty }

    private func refuseUnsupported() throws(RuntimeError) {
        let asked: [(Bool, String)] = [
            (config.linux.intelRdt != nil, "/linux/intelRdt"), (config.linux.memoryPolicy != nil, "/linux/memoryPolicy"),
            (!config.linux.netDevices.isEmpty, "/linux/netDevices"), (config.linux.mountLabel != nil, "/linux/mountLabel"),
        ]
        for (isAsked, pointer) in asked where isAsked {
            throw RuntimeError(
                .unsupported, "this property is not supported", pointer: pointer, hint: "remove it from config.json")
        }
    }

    private func check(_ host: HostFacts) throws(RuntimeError) {
        let linux = config.linux
        for (paths, pointer) in [(linux.maskedPaths, "/linux/maskedPaths"), (linux.readonlyPaths, "/linux/readonlyPaths")]
        where !namespaces.has(.mount) && !paths.isEmpty {
            throw RuntimeError(
                .invalidConfig, "paths can't be hidden without a mount namespace", pointer: pointer,
                hint: "add a namespace of type mount")
        }
        if namespaces.origin(of: .user) == .new {
            if linux.uidMappings.isEmpty || linux.gidMappings.isEmpty {
                throw RuntimeError(
                    .invalidConfig, "a new user namespace needs both uidMappings and gidMappings", pointer: "/linux/uidMappings")
            }
            try IDMaps.check(linux.uidMappings, "/linux/uidMappings")
            try IDMaps.check(linux.gidMappings, "/linux/gidMappings")
        }
        for mount in mounts {
            guard let mapping = mount.idMapping else { continue }
            try IDMaps.check(mapping.uids, mount.pointer + "/uidMappings")
            try IDMaps.check(mapping.gids, mount.pointer + "/gidMappings")
        }
        if namespaces.isStaged, namespaces.has(.pid), namespaces.origin(of: .pid) == .joined,
            !config.hooks.createContainer.isEmpty
        {
            throw RuntimeError(
                .unsupported, "createContainer hooks would be seen, with the host's files, in the joined pid namespace",
                pointer: "/hooks/createContainer", hint: "use createRuntime hooks, or a pid namespace of the container's own")
        }
        guard let process = config.process else { return }
        if namespaces.origin(of: .user) == .new {
            try checkMapped(process.user.uid, in: linux.uidMappings, "/process/user/uid", "uidMappings")
            try checkMapped(process.user.gid, in: linux.gidMappings, "/process/user/gid", "gidMappings")
            for (index, gid) in process.user.additionalGids.enumerated() {
                try checkMapped(gid, in: linux.gidMappings, "/process/user/additionalGids/" + String(index), "gidMappings")
            }
        }
    }

    private func checkMapped(_ id: UInt32, in mappings: [IDMapping], _ pointer: String, _ property: String) throws(RuntimeError) {
        guard mappings.hostID(of: id) != nil else {
            throw RuntimeError(
                .invalidConfig, String(id) + " has no place in the container's " + property, pointer: pointer,
                hint: "extend /linux/" + property + ", or choose an id that it maps")
        }
    }
}

/// The whole environment that the runtime was called with.
func inheritedEnvironment() -> [ByteString] {
    var entries: [ByteString] = []
    while let entry = c_environment(Int32(entries.count)) { entries.append(ByteString(cString: entry)) }
    return entries
}

/// A variable of the runtime's own environment.
func environmentValue(_ name: ByteString) -> ByteString? {
    var index: Int32 = 0
    while let entry = c_environment(index) {
        if let (key, value) = ByteString(cString: entry).splitOnce(separator: UInt8(ascii: "=")), key == name { return value }
        index += 1
    }
    return nil
}
