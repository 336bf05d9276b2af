import Bytes
import Errors
import Lifecycle
import Linux

enum Check {
    private static let json = Option("json", "write it as JSON, for programs")

    static let command = Command(
        name: "check", summary: "say what create would do with a bundle, and what's wrong with it",
        options: [Create.bundle, json],
        description: """
            Reads config.json and looks at this host, and says what "wherry create" would do:
            which namespaces, mounts, limits and rights the container would have. It lists
            all that is wrong, not only the first mistake, and gives some advice. Nothing is
            changed.

            Global options such as --systemd-cgroup count as they do for create.
            """,
        example: """
            wherry check --bundle /srv/web
            wherry check --json | jq '.findings[] | select(.kind == "error")'
            """,
        exitStatus: [
            ("0", "create would make the container"), ("1", "not on this host, or not by this user; or the check itself failed"),
            ("2", "config.json is invalid"),
        ],
        action: { invocation throws(RuntimeError) in
            let arguments = invocation.arguments
            let options = CreateOptions(id: "ID", bundle: arguments.text(Create.bundle) ?? ".")
            let report = try checkBundle(options, try invocation.settings())
            try printOut(arguments.isOn(json) ? report.json : CheckText(report, isColored: wantsColors).text)
            switch report.verdict {
            case .runs: return 0
            case .doesNotRunHere: return 1
            case .isInvalid: return 2
            }
        })

    /// Colors are for terminals, and for people who haven't set NO_COLOR (no-color.org).
    private static var wantsColors: Bool {
        FileDescriptor.isTerminal(FileDescriptor.standardOutput) && OwnEnvironment.value(of: "NO_COLOR")?.isEmpty != false
    }
}
