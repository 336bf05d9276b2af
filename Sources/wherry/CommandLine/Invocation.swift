import Bytes
import Errors
import Lifecycle

/// What a command gets: its own arguments and what was said before its name.
struct Invocation {
    let globals: GlobalOptions
    let arguments: Arguments
    let log: Log

    /// Made when it's asked for: a command that keeps no state needs no place for it.
    func settings() throws(RuntimeError) -> GlobalSettings { try globals.settings(log: log) }

    /// The container's id. Commands that ask for it have an operand of that name.
    var id: ByteString { operand(0) ?? "" }

    func operand(_ place: Int) -> ByteString? { place < arguments.operands.count ? arguments.operands[place] : nil }
}
