import Errors
import Lifecycle

enum Delete {
    private static let force = Option(
        "force", short: "f", "kill what still runs in it; and if there is no such container, be content")

    static let command = Command(
        name: "delete", summary: "remove what a container leaves behind", operands: [.required("ID")], options: [force],
        description: """
            Removes a stopped container: its state, its cgroup, and what else was made for
            it. The bundle stays. A container that was created but never started is ended
            first; one that runs is left alone unless --force is given.

            --force also removes the remains of a create that was killed.
            """,
        example: """
            wherry delete web
            wherry delete --force web
            """,
        action: { invocation throws(RuntimeError) in
            try deleteContainer(id: invocation.id, force: invocation.arguments.isOn(force), try invocation.settings())
            return 0
        })
}
