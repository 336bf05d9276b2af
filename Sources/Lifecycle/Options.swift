public import Bytes
public import Cgroups
import Errors

/// Whether the caller lacks the host's rights, as `--rootless` has it.
public enum RootlessMode: Sendable { case auto, yes, no }

/// What the global options say.
public struct GlobalSettings {
    /// The directory that holds one folder for each container.
    public var root: ByteString
    public var cgroupManager: CgroupManagerKind
    public var rootless: RootlessMode
    public var log: Log

    public init(root: ByteString, cgroupManager: CgroupManagerKind, rootless: RootlessMode, log: Log) {
        self.root = root
        self.cgroupManager = cgroupManager
        self.rootless = rootless
        self.log = log
    }

    /// Nobody here talks to systemd: a cgroup that it doesn't know of would be another one than was asked for.
    func refuseSystemd() throws(RuntimeError) {
        guard cgroupManager == .systemd else { return }
        throw RuntimeError(
            .unsupported, "cgroups made by systemd are not supported",
            hint: "set the engine's cgroup driver to cgroupfs; podman's option is --cgroup-manager")
    }
}

/// What `create` is asked for.
public struct CreateOptions: Sendable {
    public var id: ByteString
    /// The folder of config.json; relative paths count from the working directory.
    public var bundle: ByteString
    public var pidFile: ByteString?
    public var consoleSocket: ByteString?
    public var pidfdSocket: ByteString?
    public var noPivot = false
    public var noNewKeyring = false
    /// Descriptors from 3 upward, or from behind the sockets, that the container's process keeps.
    public var preserveFDs = 0
    /// Sockets from 3 upward that it gets by the rules of sd_listen_fds(3).
    var listenFDs = 0

    public init(id: ByteString, bundle: ByteString) {
        self.id = id
        self.bundle = bundle
    }
}

/// What `run` is asked for.
public struct RunOptions: Sendable {
    public var create: CreateOptions
    /// Return as soon as the process runs.
    public var detach = false
    /// Don't delete the container after its end.
    public var keep = false
    public var noSubreaper = false

    public init(create: CreateOptions) { self.create = create }
}

/// What `exec` is asked for.
public struct ExecOptions: Sendable {
    public var id: ByteString
    /// The file of a whole process (`--process`); nil takes the container's own with the changes below.
    public var processFile: ByteString?
    public var args: [ByteString] = []
    public var cwd: ByteString?
    public var env: [ByteString] = []
    public var user: (uid: UInt32, gid: UInt32?)?
    public var additionalGids: [UInt32] = []
    public var terminal: Bool?
    public var capabilities: [ByteString] = []
    public var noNewPrivileges: Bool?
    public var apparmorProfile: ByteString?
    public var selinuxLabel: ByteString?
    public var detach = false
    public var pidFile: ByteString?
    public var consoleSocket: ByteString?
    public var pidfdSocket: ByteString?
    public var preserveFDs = 0
    /// `--cgroup [CONTROLLER[,CONTROLLER]:]PATH`.
    public var cgroups: [ByteString] = []
    public var ignorePaused = false

    public init(id: ByteString) { self.id = id }
}
