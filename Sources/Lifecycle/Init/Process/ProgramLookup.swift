import Bytes
import Errors
import Linux
import OCI

/// The search for `args[0]` as execvp(3) does it, in the container's files and its PATH.
struct ProgramLookup {
    private let name: ByteString
    private let cwd: ByteString
    private let path: ByteString

    init(_ process: Process) {
        name = process.args.first ?? ""
        cwd = process.cwd
        var path: ByteString = ""
        for entry in process.env {
            // The last PATH counts, as in the environment that the process gets.
            if let (key, value) = entry.splitOnce(separator: UInt8(ascii: "=")), key == "PATH" { path = value }
        }
        self.path = path
    }

    /// Finds the program.
    ///
    /// - Parameter seesAll: Whether this process may look into every directory. If not, a program that is named by its path may
    ///   lie where only the container's user may look: then EACCES is no error here, and execve decides.
    /// - Returns: The path to execute. A relative path counts from `cwd`.
    /// - Throws: An error of code `program`, in the words that engines expect.
    func find(seesAll: Bool = true) throws(RuntimeError) -> ByteString {
        if name.contains(UInt8(ascii: "/")) {
            if let reason = refusal(of: absolute(name)), seesAll || reason != .EACCES {
                throw failure(reason == .ENOENT ? ": stat " + name.displayText : "", errno: reason)
            }
            return name
        }
        var found: Errno?
        for directory in path.split(separator: UInt8(ascii: ":")) {
            // An empty entry of PATH means the working directory.
            let candidate = (directory.isEmpty ? "." : directory) + "/" + name
            guard let reason = refusal(of: absolute(candidate)) else { return candidate }
            if reason != .ENOENT && reason != .ENOTDIR { found = reason }
        }
        if let found { throw failure(errno: found) }
        let place = path.isEmpty ? ", which the container's environment lacks" : " (" + path.displayText + ")"
        throw RuntimeError(
            .program, subject + ": executable file not found in $PATH" + place, pointer: "/process/args/0", hint: hint)
    }

    /// The likely mistake behind a program that is missing.
    private var hint: String? {
        if name == "--" { return "\"--\" is taken for the program's name: leave it out" }
        guard isMissing("/bin"), isMissing("/usr") else { return nil }
        return "the root filesystem has neither /bin nor /usr: if it should have them, root.path is wrong"
    }

    private func isMissing(_ path: ByteString) -> Bool { refusal(of: path) == .ENOENT }

    private var subject: String { "unable to start container process: exec: \"" + name.displayText + "\"" }

    private func failure(_ detail: String = "", errno: Errno) -> RuntimeError {
        RuntimeError(
            .program, subject + detail, pointer: "/process/args/0", path: name, errno: errno,
            hint: errno == .ENOENT ? hint : nil)
    }

    private func absolute(_ path: ByteString) -> ByteString { path.hasPrefix("/") ? path : cwd + "/" + path }

    /// Why a file can't be executed: nil if its kind and mode don't forbid that.
    private func refusal(of path: ByteString) -> Errno? {
        let status: FileStatus
        do throws(SystemError) { status = try FileDescriptor.status(of: path) } catch { return error.errno }
        guard status.kind != .directory else { return .EACCES }
        guard status.kind == .regular, status.permissions & 0o111 != 0 else { return .EACCES }
        return nil
    }

    /// Refuses a working directory outside the container's root, which a descriptor of the host's can lead to (CVE-2024-21626).
    ///
    /// The kernel decides, not a path that is compared: getcwd(2) returns a path that begins with "/" only for a directory
    /// below the caller's root.
    @inline(never)
    static func requireReachable() throws(SystemError) {
        guard OwnProcess.isInsideRoot() else { throw SystemError("getcwd", errno: .ENOENT) }
    }
}
