import Bytes
public import Errors
import Linux

// What our own process inherits from its caller, and how it is put into a known state.

/// First thing in each command that makes processes in a container: goes on only in a sealed copy of the program.
public func ensureSealed() throws(RuntimeError) {
    step(.sealProgram)
    do throws(SystemError) {
        try SealedProgram.ensure()
    } catch {
        let sentence = "the program can't be copied to where no container reaches it"
        switch error.errno {
        case .EFBIG: throw RuntimeError(.system, sentence + ": files may not be so large (RLIMIT_FSIZE)", error)
        case .EMFILE, .ENFILE, .ENOMEM: throw RuntimeError(.system, sentence, error)
        default: throw RuntimeError(.system, sentence, error, hint: "are memfds allowed here, and executable?")
        }
    }
}

/// The same for a command that makes a container.
///
/// - Returns: the options, with the descriptors that the container's process really gets.
func prepareCaller(_ options: CreateOptions, _ settings: GlobalSettings) throws(RuntimeError) -> CreateOptions {
    let inherited = try prepareCaller(
        preserving: options.preserveFDs, listening: try InheritedDescriptors.sockets(settings.log),
        named: [settings.root, options.bundle, options.pidFile, options.consoleSocket, options.pidfdSocket], settings.log)
    var options = options
    (options.preserveFDs, options.listenFDs) = (inherited.preserved, inherited.listening)
    return options
}

/// Puts our own process into a known state, whatever the caller left it in.
///
/// `paths`: those that options name.
@discardableResult
func prepareCaller(preserving descriptors: Int, listening: Int = 0, named paths: [ByteString?], _ log: Log) throws(RuntimeError)
    -> InheritedDescriptors
{
    Signal.ignore(Signal.pipe)
    // Inherited as ignored, it would have the kernel reap our children before we see how they ended.
    Signal.takeDefault(Signal.child)
    OwnProcess.setUmask(0o022)
    let inherited = try InheritedDescriptors(listening: listening, preserving: descriptors, log)
    try inherited.closeOthers(but: log, named: paths)
    return inherited
}
