import Bytes
import Errors
import Linux
import OCI

/// The files to which hooks write instead of to wherry: crun's annotations `run.oci.hooks.stdout` and `run.oci.hooks.stderr`.
///
/// They are files of the host. So a hook that runs in the container, of the kind startContainer, doesn't get them: a process that
/// waits in the container for `start` mustn't hold a file of the host.
struct HookStreams {
    private static let names: [ByteString] = ["run.oci.hooks.stdout", "run.oci.hooks.stderr"]

    /// nil leaves what a hook writes to wherry, which quotes it if the hook fails.
    let output: SharedDescriptor?
    let errors: SharedDescriptor?

    /// Opens the files, to append to them, and makes those that don't exist.
    ///
    /// - Parameters:
    ///   - annotations: The container's annotations.
    ///   - kind: The hook point.
    /// - Throws: `hook` if a file can't be opened.
    init(_ annotations: [Annotation], for kind: Hook.Kind) throws(RuntimeError) {
        let names = kind == .startContainer ? [] : HookStreams.names
        var files: [SharedDescriptor?] = [nil, nil]
        for (index, name) in names.enumerated() {
            guard let annotation = annotations.first(where: { $0.key == name }) else { continue }
            files[index] = try HookStreams.open(annotation)
        }
        output = files[0]
        errors = files[1]
    }

    private static func open(_ annotation: Annotation) throws(RuntimeError) -> SharedDescriptor {
        let pointer = "/annotations/" + annotation.key.escapedForJSONPointer
        guard annotation.value.hasPrefix("/") else {
            throw RuntimeError(
                .hook, "the file \"" + annotation.value.displayText + "\" for what hooks write isn't an absolute path",
                pointer: pointer)
        }
        // Non-blocking: opening a fifo must not wait for a reader that may never come.
        let flags: OpenFlags = [.writeOnly, .append, .create, .noControllingTerminal, .nonBlocking]
        return try explaining(
            .hook, "the file for what hooks write can't be opened", pointer: pointer, path: annotation.value,
            SharedDescriptor(try FileDescriptor.open(annotation.value, flags: flags, mode: 0o600)))
    }
}
