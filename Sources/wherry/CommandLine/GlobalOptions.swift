import Bytes
import Cgroups
import Errors
import Lifecycle
import Linux

/// The options before the command.
struct GlobalOptions {
    static let root = Option(
        "root", value: .text("DIR"),
        """
        where the state of containers is kept (default: /run/wherry; $XDG_RUNTIME_DIR/wherry for others than root, and for \
        root of a user namespace unless $USER is root)
        """)
    static let log = Option(
        "log", value: .text("FILE"), "append errors and warnings to FILE, for engines; an error's message goes to stderr too")
    static let logFormat = Option("log-format", value: .oneOf(["text", "json"]), "how FILE's lines are written (default: text)")
    static let debug = Option("debug", "say each step on stderr, or in the log file")
    static let logLevel = Option(
        "log-level", value: .oneOf(["error", "warning", "warn", "info", "debug"]),
        "the least important lines to write: debug is --debug, error leaves out warnings (default: warning)")
    static let trace = Option(
        "trace", value: .text("FILE"),
        "append to FILE when each step began and how long it took, for Perfetto or chrome://tracing")
    static let systemdCgroup = Option("systemd-cgroup", "the same as --cgroup-manager systemd")
    static let cgroupManager = Option(
        "cgroup-manager", value: .oneOf(["cgroupfs", "systemd", "disabled"]),
        "who makes a container's cgroup: wherry itself, systemd or nobody (default: cgroupfs)")
    static let rootless = Option(
        "rootless", value: .oneOf(["auto", "true", "false"]),
        "whether to go on without a cgroup where permission is missing (default: auto, true for others than root of the host)")
    /// conmon-rs passes this option before the command.
    static let noNewKeyring = Option("no-new-keyring", "for create and run", isHidden: true)
    static let version = Option("version", short: "v", "show the version")

    static let table = [
        root, log, logFormat, logLevel, debug, trace, systemdCgroup, cgroupManager, rootless, noNewKeyring, version, .help,
    ]

    private let arguments: Arguments

    init(parsing tokens: [ByteString]) throws(RuntimeError) {
        arguments = try Parser(options: GlobalOptions.table, rule: .endOptions).parse(tokens[...])
    }

    /// The command's name and everything after it.
    var commandLine: ArraySlice<ByteString> { arguments.operands[...] }
    var asksForHelp: Bool { arguments.isOn(.help) }
    var asksForVersion: Bool { arguments.isOn(GlobalOptions.version) }
    var keepsKeyring: Bool { arguments.isOn(GlobalOptions.noNewKeyring) }

    func openLog() throws(RuntimeError) -> Log {
        let isJSON = arguments.text(GlobalOptions.logFormat) == "json"
        guard let file = arguments.text(GlobalOptions.log) else { return Log(level: logLevel) }
        return try Log(file: file, format: isJSON ? .json : .text, level: logLevel)
    }

    /// Begins the trace that `--trace` asks for.
    ///
    /// - Parameters:
    ///   - command: The command's name.
    ///   - arguments: The command's arguments, the first of which is the container's id.
    /// - Throws: An error if the trace can't be written.
    func beginTrace(of command: StaticString, _ arguments: Arguments) throws(RuntimeError) {
        guard let file = self.arguments.text(GlobalOptions.trace) else { return }
        let id = arguments.operands.first.map { " " + $0 } ?? ""
        try StepTrace.begin(file, command: "wherry " + ByteString(stringLiteral: command) + id)
    }

    func settings(log: Log) throws(RuntimeError) -> GlobalSettings {
        GlobalSettings(
            root: try stateRoot(chosen: arguments.text(GlobalOptions.root)), cgroupManager: manager, rootless: rootlessMode,
            log: log)
    }

    private var logLevel: Log.Level {
        if arguments.isOn(GlobalOptions.debug) { return .debug }
        switch arguments.text(GlobalOptions.logLevel) {
        case "error"?: return .error
        case "debug"?: return .debug
        default: return .warning
        }
    }

    private var manager: CgroupManagerKind {
        switch arguments.text(GlobalOptions.cgroupManager) {
        case "systemd"?: .systemd
        case "disabled"?: .disabled
        case nil where arguments.isOn(GlobalOptions.systemdCgroup): .systemd
        default: .cgroupfs
        }
    }

    private var rootlessMode: RootlessMode {
        switch arguments.text(GlobalOptions.rootless) {
        case "true"?: .yes
        case "false"?: .no
        default: .auto
        }
    }
}
