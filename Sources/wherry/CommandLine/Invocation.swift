import Bytes
import Errors
import Lifecycle

/// The input of a command: its arguments, the global options and the log.
struct Invocation {
    let globals: GlobalOptions
    let arguments: Arguments
    let log: Log

    /// The global settings. They are made only on request, because a command without state doesn't need a state directory.
    func settings() throws(RuntimeError) -> GlobalSettings { try globals.settings(log: log) }

    /// The container's id: the first operand. Only commands that have this operand may ask for it.
    var id: ByteString { operand(0) ?? "" }

    func operand(_ place: Int) -> ByteString? { place < arguments.operands.count ? arguments.operands[place] : nil }
}
