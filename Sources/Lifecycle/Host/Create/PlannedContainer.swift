import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

/// A container that `create` or `restore` is to make, with its plan. Nothing of the container is on the host yet; only the
/// cache of seccomp filters may have changed, and a process may be preparing the kernel (MoveAhead).
struct PlannedContainer: ~Copyable {
    let plan: Plan
    /// The text of config.json, in bytes.
    let configText: [UInt8]
    /// nil for a container without a process.
    let startPlan: StartPlan?
    let procfs: ProcFileSystem
    /// nil without systemd.
    let moveAhead: MoveAhead?

    init(_ options: CreateOptions, _ settings: GlobalSettings) throws(RuntimeError) {
        step(.readBundle)
        try ContainerID.validate(options.id)
        let bundle = try Bundle.open(options.bundle)
        let moveAhead = settings.cgroupManager == .systemd ? MoveAhead() : nil
        let config = try Config(parsing: bundle.configText)
        settings.log.sharesStderr = config.process?.terminal != true
        let filter = try seccompProgram(for: config, settings.log)
        step(.plan)
        let procfs = try hostProcFileSystem()
        let plan = try Plan.make(config, options, bundle: bundle.path, filter: filter, settings, procfs)
        for warning in plan.warnings { settings.log.warn(warning) }
        if settings.log.isDebugging {
            for line in plan.lines(config) { settings.log.debug("plan: " + line) }
        }
        self.plan = plan
        configText = bundle.configText
        startPlan = StartPlan(config)
        self.procfs = procfs
        self.moveAhead = moveAhead
    }
}

extension Plan {
    /// Makes the plan for this host, and refuses what can't be had here.
    ///
    /// - Parameters:
    ///   - config: The configuration.
    ///   - options: The options of the command.
    ///   - bundle: The absolute path of the bundle.
    ///   - filter: The compiled seccomp filter, if there is one.
    ///   - settings: The global options.
    ///   - procfs: The host's procfs.
    /// - Returns: The plan.
    /// - Throws: The error with which `create` refuses the configuration.
    static func make(
        _ config: Config, _ options: CreateOptions, bundle: ByteString, filter: SeccompProgram?, _ settings: GlobalSettings,
        _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) -> Plan {
        let namespaces = NamespacePlan(config.linux.namespaces)
        let files = try NamespaceFiles(namespaces, procfs: procfs)
        let labels = (
            process: try config.process?.checkedLabel(),
            mounts: try MountLabel(config, ownsQueues: namespaces.has(.ipc) && !files.isHosts(.ipc))
        )
        let plan = try Plan(
            config, options, bundle: bundle, namespaces, files, filter: filter, try .gather(settings, labels, procfs))
        try UserNamespace.checkMappings(plan, procfs)
        return plan
    }
}

extension HostFacts {
    /// Finds out the facts of this host.
    static func gather(
        _ settings: GlobalSettings, _ labels: (process: ByteString?, mounts: MountLabel?), _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) -> HostFacts {
        HostFacts(
            capabilities: try ownCapabilities(), isRoot: Credentials.effectiveUser == 0, labels: labels,
            cgroups: settings.cgroupManager == .disabled
                ? nil : try Cgroups(settings.rootless, isSystemds: settings.cgroupManager == .systemd, procfs))
    }

    /// The capabilities that the runtime has itself and so can give to a process: its permitted set.
    static func ownCapabilities() throws(RuntimeError) -> CapabilitySet {
        try explaining(.system, "the runtime's own capabilities can't be read", ThreadCapabilities.current().permitted)
    }
}

extension HostFacts.Cgroups {
    fileprivate init(_ mode: RootlessMode, isSystemds: Bool, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        let isRootless =
            switch mode {
            case .yes: true
            case .no: false
            case .auto: Credentials.effectiveUser != 0 || procfs.isInUserNamespace()
            }
        host = try CgroupHost.detect(procfs: procfs)
        controllers = try host.controllers()
        access = isRootless ? .optional : .required
        base = isRootless ? try CgroupHost.delegatedBase(procfs: procfs) : "/"
        drivers = isSystemds ? try DeviceDrivers(procfs) : nil
    }
}
