public import Bytes
public import Cgroups
import Errors

/// Whether wherry runs without root's rights on the host: `--rootless`.
public enum RootlessMode: Sendable { case auto, yes, no }

/// The values of the global options.
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
}

/// The options of `create`.
public struct CreateOptions: Sendable {
    public var id: ByteString
    /// The folder of config.json; relative paths count from the working directory.
    public var bundle: ByteString
    public var pidFile: ByteString?
    public var consoleSocket: ByteString?
    public var pidfdSocket: ByteString?
    public var noPivot = false
    public var noNewKeyring = false
    /// The number of descriptors that the container's process keeps, counted from 3, or from the first one after the sockets.
    public var preserveFDs = 0
    /// The number of sockets, from descriptor 3 upward, that the process gets by the rules of sd_listen_fds(3).
    var listenFDs = 0
    /// The absolute path of the folder for a notification socket: nil if the caller has none (NotifyPlace).
    var notifyFolder: ByteString?

    public init(id: ByteString, bundle: ByteString) {
        self.id = id
        self.bundle = bundle
    }
}

/// The options of `run`.
public struct RunOptions: Sendable {
    public var create: CreateOptions
    /// Return as soon as the process runs.
    public var detach = false
    /// Don't delete the container after its end.
    public var keep = false
    public var noSubreaper = false

    public init(create: CreateOptions) { self.create = create }
}

/// The options of `exec`.
public struct ExecOptions: Sendable {
    public var id: ByteString
    /// The file that describes the whole process (`--process`). nil takes the process of config.json, with the changes below.
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
