import Bytes
import Errors
import Lifecycle
import Linux

enum Kill {
    private static let all = Option("all", short: "a", "signal all processes in the container, not the first one alone")

    static let command = Command(
        name: "kill", summary: "send a signal to a container", operands: [.required("ID"), .optional("SIGNAL")],
        rule: .takeUnknownOptions, options: [all],
        description: """
            Sends SIGNAL to the first process of a container, or to all of them with --all.
            It's a number or a name: 9, KILL, SIGKILL, RTMIN+3, and also -9 or -KILL. Without
            it, TERM is sent.

            When the first process of a container with its own pid namespace ends, the
            kernel kills the others. Where the pid namespace is shared, KILL goes to all
            processes in the container's cgroup. Other signals go to all of them only
            with --all. --all works even if the first process has ended.
            """,
        example: """
            wherry kill web
            wherry kill web HUP
            wherry kill --all web KILL
            """,
        exitStatus: [("0", "the signal was sent"), ("1", "it wasn't; stderr and the log file say why")],
        action: { invocation throws(RuntimeError) in
            try killContainer(
                id: invocation.id, signal: try signal(invocation.operand(1) ?? "TERM"), all: invocation.arguments.isOn(all),
                try invocation.settings())
            return 0
        })

    private static func signal(_ name: ByteString) throws(RuntimeError) -> Int32 {
        try Signal.number(named: name.hasPrefix("-") ? name.dropFirst(1) : name)
    }
}
