import Bytes
import Errors
import Lifecycle

enum Events {
    private static let stats = Option("stats", "show once what the container has used, and end")
    private static let interval = Option(
        "interval", value: .text("DURATION"), "the time between two reports, such as 500ms or 1m30s (default: 5s)")

    static let command = Command(
        name: "events", summary: "tell what a container uses, and when it's out of memory", operands: [.required("ID")],
        options: [stats, interval],
        description: """
            Writes a line of JSON at every interval with what the container has used of
            CPU, memory, block devices and so on, and one each time the kernel has killed a
            process in it that was out of memory. It ends with the container's first
            process.
            """,
        example: """
            wherry events --stats web | jq .data.memory.usage
            wherry events --interval 1s web
            """,
        action: { invocation throws(RuntimeError) in
            let milliseconds = try milliseconds(invocation.arguments.text(interval) ?? "5s")
            let settings = try invocation.settings()
            if invocation.arguments.isOn(stats) {
                try show(try containerStatistics(id: invocation.id, settings), invocation.id)
                return 0
            }
            try followEvents(id: invocation.id, interval: milliseconds, settings) { event throws(RuntimeError) in
                try show(event, invocation.id)
            }
            return 0
        })

    private static func show(_ event: ContainerEvent, _ id: ByteString) throws(RuntimeError) {
        try printOut(event.json(id: id) + [UInt8(ascii: "\n")])
    }

    private static func milliseconds(_ text: ByteString) throws(RuntimeError) -> Int {
        guard let nanoseconds = Quantity.duration(text), nanoseconds >= 1_000_000 else {
            throw .takes("a duration from 1ms on, such as 500ms, 5s or 1m30s", interval, text)
        }
        return Int(nanoseconds / 1_000_000)
    }
}
