import Errors
import Lifecycle

enum Resume {
    static let command = Command(
        name: "resume", summary: "let a paused container go on", operands: [.required("ID")],
        description: "Lets the processes of a container go on that \"wherry pause\" has stopped.",
        example: "wherry resume web",
        action: { invocation throws(RuntimeError) in
            try resumeContainer(id: invocation.id, try invocation.settings())
            return 0
        })
}
