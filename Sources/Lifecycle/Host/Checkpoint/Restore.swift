import Bytes
public import Errors
import Linux
import OCI

/// Makes a container from the image that `checkpoint` wrote, by criu. Its processes continue where they were.
///
/// - Parameters:
///   - options: The options of `restore`.
///   - settings: The global options.
/// - Returns: The exit status for the shell: 0 if detached, otherwise that of the first process, or 128 + n if signal n ended
///   it.
/// - Throws: The reason why the container can't be restored.
public func restoreContainer(_ options: RestoreOptions, _ settings: GlobalSettings) throws(RuntimeError) -> Int32 {
    let create = options.create
    try prepareCaller(
        preserving: 0,
        named: [
            settings.root, create.bundle, create.pidFile, create.consoleSocket, options.image.imagePath, options.image.workPath,
        ], settings.log)
    if !options.detach, !options.noSubreaper { OwnProcess.becomeSubreaper() }
    let restoration = try RestoreSession.begin(options, settings)
    let signals = options.detach ? nil : try SignalRelay()
    try restoration.execute()
    guard let process = restoration.process else {
        throw RuntimeError(.system, "the container has no process")
    }
    restoration.transaction.directory.unlock()
    guard let signals else { return 0 }
    return try awaitEnd(of: process, signals, restoration.transaction, keep: false)
}
