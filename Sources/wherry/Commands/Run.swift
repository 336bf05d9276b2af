import Bytes
import Errors
import Lifecycle

enum Run {
    private static let detach = Option("detach", short: "d", "return as soon as the container's program runs")
    private static let keep = Option("keep", "don't delete the container when its program ends")
    private static let noSubreaper = Option("no-subreaper", "leave processes that outlive their parents to the caller's reaper")

    static let command = Command(
        name: "run", summary: "create a container, start it and wait for its end",
        operands: [.required("ID")], options: Create.options + [detach, keep, noSubreaper],
        description: """
            Makes a container as "wherry create" does, starts it, and stays in the
            foreground until its first process ends; then the container is deleted. Signals
            that this command gets are passed on, and so are changes of the terminal's size.

            With --detach it returns at once. The container then is deleted by
            "wherry delete ID".
            """,
        example: """
            wherry spec
            wherry run demo
            """,
        exitStatus: [
            ("0 to 255", "the status of the container's first process"), ("128 + N", "signal N ended it"),
            ("1", "also: the container couldn't be started; stderr and the log file say why"),
        ],
        errorPrefix: "run failed: ",
        action: { invocation throws(RuntimeError) in
            try ensureSealed()
            let arguments = invocation.arguments
            var request = RunOptions(create: Create.request(invocation))
            request.detach = arguments.isOn(detach)
            request.keep = arguments.isOn(keep)
            request.noSubreaper = arguments.isOn(noSubreaper)
            return try runContainer(request, try invocation.settings())
        })
}
