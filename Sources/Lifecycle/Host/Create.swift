import Bytes
import CLinux
public import Errors
import Linux
import OCI

/// First thing in each command that makes processes in a container: goes on only in a sealed copy of the program.
public func ensureSealed() throws(RuntimeError) {
    step("seal program")
    try explaining(
        .system, "the program can't be copied to where no container reaches it", hint: "are memfds allowed here, and executable?"
    ) { () throws(SystemError) in try SealedProgram.ensure() }
}

/// Creates a container: runtime.md, "Create". Its process waits for `start`.
///
/// On failure nothing is left of it.
public func createContainer(_ options: CreateOptions, _ host: HostOptions) throws(RuntimeError) {
    try prepareCaller(preserving: options.preserveFDs, host.log)
    try Creation.begin(options, detached: true, host).execute()
}

/// Puts our own process into a known state, whatever the caller left it in.
func prepareCaller(preserving descriptors: Int, _ log: Log) throws(RuntimeError) {
    c_ignore_signal(SIGPIPE)
    // Inherited as ignored, it would have the kernel reap our children before we see how they ended.
    c_default_signal(SIGCHLD)
    // Descriptors that the caller leaked would be seen by hooks and by the container (CVE-2024-21626). Those of LISTEN_FDS are meant.
    let listening = HostFacts.inheritedListenDescriptors
    let first = 3 + Int32(clamping: descriptors + listening)
    log.keepClear(ofDescriptorsBelow: first)
    try closeDescriptors(from: first, but: log.file.map { [$0] } ?? [])
    try requireOpen(descriptors, listening: listening)
    _ = umask(0o022)
}

/// A closed standard stream would be taken by the next file that is opened: and then written to.
public func openMissingStreams() {
    while true {
        let descriptor = ("/dev/null" as ByteString).withCString { c_openat(AT_FDCWD, $0, O_RDWR, 0) }
        if descriptor < 0 || descriptor > 2 {
            if descriptor > 2 { _ = close(descriptor) }
            return
        }
    }
}
