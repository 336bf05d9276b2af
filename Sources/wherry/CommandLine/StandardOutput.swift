import Errors
import Linux

/// Writes what a command has to say. A full disk behind it is an error: whoever reads the file would take half for all.
func printOut(_ bytes: [UInt8]) throws(RuntimeError) {
    let output = FileDescriptor(adopting: FileDescriptor.standardOutput)
    do throws(SystemError) {
        try output.writeAll(bytes)
        _ = output.release()
    } catch {
        throw RuntimeError(.system, "can't write the output", error)
    }
}
