import Errors
import Lifecycle

enum Pause {
    static let command = Command(
        name: "pause", summary: "stop a container's processes where they are", operands: [.required("ID")],
        description: """
            Stops all processes of a container until "wherry resume". They keep their
            memory, files and connections, and get no time on a CPU. The state is paused.

            A paused container can be killed and deleted by force.
            """,
        example: "wherry pause web",
        action: { invocation throws(RuntimeError) in
            try pauseContainer(id: invocation.id, try invocation.settings())
            return 0
        })
}
