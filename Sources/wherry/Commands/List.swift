import Bytes
import Errors
import Lifecycle
import OCI

enum List {
    private static let format = Option(
        "format", short: "f", value: .oneOf(["table", "json"]), "how to write them (default: table)")
    private static let quiet = Option("quiet", short: "q", "the ids alone, a line each")

    static let command = Command(
        name: "list", summary: "list the containers", options: [format, quiet],
        description: """
            Lists the containers whose state is kept in the directory of the global option
            --root. Others, made with another root, aren't seen: an engine has its own.

            As JSON it's an array of what "wherry state" shows, or null where there are
            none.
            """,
        example: """
            wherry list
            wherry --root /run/containerd/runc/default list --format json
            """,
        action: { invocation throws(RuntimeError) in
            let containers = try listContainers(try invocation.settings())
            if invocation.arguments.isOn(quiet) {
                try printOut(Array(containers.map { $0.id.bytes + [UInt8(ascii: "\n")] }.joined()))
            } else if invocation.arguments.text(format) == "json" {
                try printOut(ContainerState.json(containers) + [UInt8(ascii: "\n")])
            } else {
                try printOut(table(of: containers).text)
            }
            return 0
        })

    static func table(of containers: [ContainerState]) -> Table {
        var table = Table(["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
        for container in containers {
            table.add([
                container.id, ByteString(decimal: container.pid), ByteString(container.status.name.description),
                container.bundle, container.created, container.owner,
            ])
        }
        return table
    }
}
