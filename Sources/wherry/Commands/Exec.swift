import Bytes
import Errors
import Lifecycle

enum Exec {
    private static let process = Option(
        "process", short: "p", value: .text("FILE"), "take the whole process from this process.json instead of the command line")
    private static let cwd = Option(
        "cwd", value: .text("DIR"), "the working directory (default: that of the container's process)")
    private static let env = Option("env", short: "e", value: .text("NAME=VALUE"), "add to the environment; may be repeated")
    private static let user = Option("user", short: "u", value: .text("UID[:GID]"), "the user, in numbers")
    private static let groups = Option("additional-gids", short: "g", value: .text("GID"), "add a group; may be repeated")
    private static let tty = Option("tty", short: "t", "give the process a terminal")
    private static let consoleSocket = Option(
        "console-socket", value: .text("PATH"),
        "send the master end of the process's terminal to this Unix socket; needed with --tty and --detach")
    private static let pidFile = Option("pid-file", value: .text("PATH"), "write the pid of the process to this file")
    private static let pidfdSocket = Option(
        "pidfd-socket", value: .text("PATH"), "send a pidfd of the process to this Unix socket")
    private static let preserveFDs = Option(
        "preserve-fds", value: .number("N"), "pass N more descriptors to the process, counted from 3 (default: 0)")
    private static let detach = Option("detach", short: "d", "return as soon as the program runs")
    private static let capability = Option(
        "cap", short: "c", value: .text("CAP"), "add a capability such as CAP_NET_ADMIN; may be repeated")
    private static let noNewPrivileges = Option("no-new-privs", "let no program give more rights than its caller has")
    private static let apparmor = Option("apparmor", value: .text("PROFILE"), "the AppArmor profile of the process")
    private static let label = Option("process-label", value: .text("LABEL"), "the SELinux label of the process")
    private static let cgroup = Option(
        "cgroup", value: .text("[CONTROLLERS:]PATH"), "an existing cgroup below the container's own; may be repeated")
    private static let ignorePaused = Option("ignore-paused", "enter a paused container: the program runs once it is resumed")

    static let command = Command(
        name: "exec", summary: "run one more program in a container",
        operands: [.required("ID"), .optional("COMMAND [ARGS]")], rule: .endOptions,
        options: [
            process, cwd, env, user, groups, tty, consoleSocket, pidFile, pidfdSocket, detach, capability,
            noNewPrivileges, apparmor, label, cgroup, ignorePaused, preserveFDs,
        ],
        description: """
            Runs COMMAND in the namespaces and the cgroup of a container, with the user,
            environment, capabilities and seccomp filter of the container's own process,
            unless options or --process say otherwise. Options stand before ID: what
            follows it belongs to COMMAND.

            It stays in the foreground until the program ends, and passes signals on.
            """,
        example: """
            wherry exec web ps
            wherry exec --tty --env TERM=xterm web sh
            """,
        exitStatus: [
            ("0 to 255", "the status of the program; 0 if detached"), ("128 + N", "signal N ended it"),
            ("255", "also: it couldn't be run; stderr and the log file say why"),
        ],
        errorPrefix: "exec failed: ", statusOfErrors: 255,
        action: { invocation throws(RuntimeError) in
            try ensureSealed()
            return try execInContainer(try request(invocation), try invocation.settings())
        })

    private static func request(_ invocation: Invocation) throws(RuntimeError) -> ExecOptions {
        let arguments = invocation.arguments
        var request = ExecOptions(id: invocation.id)
        request.processFile = arguments.text(process)
        request.args = Array(arguments.operands.dropFirst())
        request.cwd = arguments.text(cwd)
        request.env = arguments.texts(env)
        request.user = try arguments.text(user).map { (text) throws(RuntimeError) in try ids(text) }
        request.additionalGids = try arguments.texts(groups).map { (text) throws(RuntimeError) in
            try id(text, "--additional-gids")
        }
        request.terminal = arguments.isOn(tty) ? true : nil
        request.capabilities = arguments.texts(capability)
        request.noNewPrivileges = arguments.isOn(noNewPrivileges) ? true : nil
        request.apparmorProfile = arguments.text(apparmor)
        request.selinuxLabel = arguments.text(label)
        request.detach = arguments.isOn(detach)
        request.pidFile = arguments.text(pidFile)
        request.consoleSocket = arguments.text(consoleSocket)
        request.pidfdSocket = arguments.text(pidfdSocket)
        request.preserveFDs = arguments.number(preserveFDs) ?? 0
        request.cgroups = arguments.texts(cgroup)
        request.ignorePaused = arguments.isOn(ignorePaused)
        return request
    }

    private static func ids(_ text: ByteString) throws(RuntimeError) -> (uid: UInt32, gid: UInt32?) {
        guard let (uid, gid) = text.splitOnce(separator: UInt8(ascii: ":")) else { return (try id(text, "--user"), nil) }
        return (try id(uid, "--user"), try id(gid, "--user"))
    }

    /// Reads a user or group id: only digits, and not the number that means "none" to the kernel. A text that isn't understood
    /// must never become root (CVE-2016-3697, CVE-2026-30892).
    private static func id(_ text: ByteString, _ option: StaticString) throws(RuntimeError) -> UInt32 {
        guard text.bytes.allSatisfy({ $0.isDigit }),
            let number: UInt32 = text.decimal(),
            number < UInt32.max
        else {
            throw RuntimeError(
                .usage, option.description + ": \"" + text.displayText + "\" is no id",
                hint: "ids are numbers from 0 to 4294967294")
        }
        return number
    }
}
