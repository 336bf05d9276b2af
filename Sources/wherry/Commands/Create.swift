import Bytes
import Errors
import Lifecycle

enum Create {
    static let bundle = Option(
        "bundle", short: "b", value: .text("DIR"), "the bundle: a directory with config.json (default: the working directory)")
    static let consoleSocket = Option(
        "console-socket", value: .text("PATH"),
        "send the master end of the container's terminal to this Unix socket; needed where process.terminal is true")
    static let pidFile = Option("pid-file", value: .text("PATH"), "write the pid of the container's first process to this file")
    static let pidfdSocket = Option(
        "pidfd-socket", value: .text("PATH"), "send a pidfd of the container's first process to this Unix socket")
    static let noPivot = Option(
        "no-pivot", "don't use pivot_root(2); for hosts that run from an initramfs, where it isn't possible. Less safe.")
    static let noNewKeyring = Option("no-new-keyring", "keep the caller's session keyring instead of making a new one")
    static let preserveFDs = Option(
        "preserve-fds", value: .number("N"),
        "pass N more descriptors to the container's first process, counted from 3, or from behind $LISTEN_FDS (default: 0)")
    /// create never stays in the foreground, but engines' libraries can pass this option.
    private static let detach = Option("detach", short: "d", "no effect", isHidden: true)

    /// The options that create and run have in common.
    static let options = [bundle, consoleSocket, pidFile, pidfdSocket, noPivot, noNewKeyring, preserveFDs]

    static func request(_ invocation: Invocation) -> CreateOptions {
        let arguments = invocation.arguments
        var request = CreateOptions(id: invocation.id, bundle: arguments.text(bundle) ?? ".")
        request.pidFile = arguments.text(pidFile)
        request.consoleSocket = arguments.text(consoleSocket)
        request.pidfdSocket = arguments.text(pidfdSocket)
        request.noPivot = arguments.isOn(noPivot)
        request.noNewKeyring = arguments.isOn(noNewKeyring) || invocation.globals.keepsKeyring
        request.preserveFDs = arguments.number(preserveFDs) ?? 0
        return request
    }

    static let command = Command(
        name: "create", summary: "make a container from a bundle, up to the point where it starts",
        operands: [.required("ID")], options: options + [detach],
        description: """
            Makes a container from a bundle: its namespaces, cgroup, mounts and devices, as
            config.json asks for them. Its program doesn't run before "wherry start ID".
            Until then a process of wherry's waits in its place, and what is changed in
            config.json has no effect any more.

            ID names the container on this host, as long as it isn't deleted: letters,
            digits and "_", "+", "-", ".". The container's standard input, output and error
            are those of this command, unless it has a terminal.

            If anything fails, nothing is left behind.
            """,
        example: """
            wherry create --bundle /srv/web web
            wherry start web
            wherry delete web
            """,
        errorPrefix: "create failed: ",
        action: { invocation throws(RuntimeError) in
            try ensureSealed()
            try createContainer(request(invocation), try invocation.settings())
            return 0
        })
}
