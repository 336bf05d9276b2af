import Bytes
public import Errors
import Linux

// Puts what our own process inherits from its caller into a known state.

/// Makes sure that this process runs from a sealed copy of the program: if it doesn't, makes the copy and executes it. Each
/// command that makes processes in a container calls this first.
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

/// Puts our own process into a known state, for `create` and `run`.
///
/// - Returns: The options, with the numbers of descriptors that the container's process really gets.
func prepareCaller(_ options: CreateOptions, _ settings: GlobalSettings) throws(RuntimeError) -> CreateOptions {
    let inherited = try prepareCaller(
        preserving: options.preserveFDs, listening: try InheritedDescriptors.sockets(settings.log),
        named: [settings.root, options.bundle, options.pidFile, options.consoleSocket, options.pidfdSocket], settings.log)
    var options = options
    (options.preserveFDs, options.listenFDs) = (inherited.preserved, inherited.listening)
    if NotifyPlace.managersSocket != nil { options.notifyFolder = settings.root + "/" + options.id + "/" + NotifyPlace.folder }
    return options
}

/// Puts our own process into a known state, independent of the caller: signals, umask and descriptors.
///
/// - Parameters:
///   - descriptors: The number that `--preserve-fds` gives.
///   - listening: The number of sockets that the caller passes by `LISTEN_FDS`.
///   - paths: The paths that options name. If one leads through a descriptor of the caller's, that descriptor stays open.
///   - log: The log, whose descriptor stays open.
/// - Returns: The descriptors that the container's process gets.
/// - Throws: An error if descriptors can't be kept or closed.
@discardableResult
func prepareCaller(preserving descriptors: Int, listening: Int = 0, named paths: [ByteString?], _ log: Log) throws(RuntimeError)
    -> InheritedDescriptors
{
    Signal.ignore(Signal.pipe)
    // If we inherit SIGCHLD as ignored, the kernel reaps our children before we see how they ended.
    Signal.takeDefault(Signal.child)
    OwnProcess.setUmask(0o022)
    let inherited = try InheritedDescriptors(listening: listening, preserving: descriptors, log)
    try inherited.closeOthers(but: log, named: paths)
    return inherited
}
