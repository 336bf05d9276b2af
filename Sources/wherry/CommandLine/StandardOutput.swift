import Errors
import Linux

/// Writes a command's output to standard output. An incomplete output, for instance on a full disk, is an error: otherwise a
/// reader would take a part for the whole.
func printOut(_ bytes: [UInt8]) throws(RuntimeError) {
    let output = FileDescriptor(adopting: FileDescriptor.standardOutput)
    do throws(SystemError) {
        try output.writeAll(bytes)
        _ = output.release()
    } catch {
        throw RuntimeError(.system, "can't write the output", error)
    }
}
