import Errors
import Lifecycle

enum Start {
    static let command = Command(
        name: "start", summary: "run the program of a created container", operands: [.required("ID")],
        description: """
            Lets the program of a created container run. When this command returns, the
            program has been executed: what is in the way of that, a missing interpreter or
            a refused permission, is an error here.

            A container starts once. To run it again, delete and create it.
            """,
        example: """
            wherry create --bundle /srv/web web
            wherry start web
            """,
        action: { invocation throws(RuntimeError) in
            try startContainer(id: invocation.id, try invocation.settings())
            return 0
        })
}
