import Bytes
import Errors
import Lifecycle
import OCI

enum Ps {
    private static let format = Option(
        "format", short: "f", value: .oneOf(["table", "json"]), "how to write them (default: table)")

    static let command = Command(
        name: "ps", summary: "list the processes in a container", operands: [.required("ID"), .optional("PS_OPTION...")],
        rule: .endOptions, options: [format],
        description: """
            Lists the processes of a container. As a table it's what the host's ps says of
            them. All that follows ID is given to ps, in place of -ef. Without -e, ps shows
            only the processes of its own terminal. The columns must include PID.

            As JSON it's an array of their pids, or null where there are none. Pids are
            those of the pid namespace that wherry runs in.
            """,
        example: """
            wherry ps web
            wherry ps web -eo pid,rss,args
            wherry ps --format json web
            """,
        action: { invocation throws(RuntimeError) in
            let settings = try invocation.settings()
            if invocation.arguments.text(format) == "json" {
                try printOut(json(try containerProcesses(id: invocation.id, settings)))
            } else {
                let options = Array(invocation.arguments.operands.dropFirst())
                try printOut(try containerProcessTable(id: invocation.id, options: options, settings))
            }
            return 0
        })

    static func json(_ processes: [Int32]) -> [UInt8] {
        guard !processes.isEmpty else { return Array("null\n".utf8) }
        var json = JSONWriter(.compact)
        json.array { json in
            for pid in processes { json.element(pid) }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
