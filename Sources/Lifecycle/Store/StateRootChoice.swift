public import Bytes
public import Errors
import Linux

/// The directory that keeps the containers' state, absolute: the chosen one, or the default of whoever runs the program.
public func stateRoot(chosen: ByteString?) throws(RuntimeError) -> ByteString {
    if let chosen { return try checked(chosen) }
    return try defaultStateRoot(
        isRoot: Credentials.effectiveUser == 0, user: environment("USER"), session: environment("XDG_RUNTIME_DIR"),
        isInUserNamespace: isInUserNamespace())
}

/// As engines expect it, the runtime directory of the session counts for others than root, and for root of a user namespace where
/// `$USER` doesn't say that it's root outside, too: podman runs it so.
func defaultStateRoot(isRoot: Bool, user: ByteString?, session: ByteString?, isInUserNamespace: @autoclosure () -> Bool)
    throws(RuntimeError) -> ByteString
{
    if let session, !isRoot || (user != "root" && isInUserNamespace()) { return session + "/wherry" }
    guard isRoot else {
        throw RuntimeError(
            .usage, "no place for the state of containers: XDG_RUNTIME_DIR isn't set",
            hint: "log in through a session manager that sets it, or name a directory with --root")
    }
    return "/run/wherry"
}

private func checked(_ chosen: ByteString) throws(RuntimeError) -> ByteString {
    var path = chosen
    if path.bytes.first != UInt8(ascii: "/") {
        let here = try explaining(.system, "can't find the working directory", OwnProcess.directory())
        path = here + "/" + path
    }
    // "/" would take each directory of the host for a container.
    if isTop(path) {
        throw RuntimeError(.usage, "the state can't be kept in \"/\"", hint: "name a directory of its own with --root")
    }
    return path
}

/// Whether nothing is left of the path once ".", ".." and empty parts are taken away.
private func isTop(_ path: ByteString) -> Bool {
    var depth = 0
    for part in path.split(separator: UInt8(ascii: "/")) {
        switch part {
        case "", ".": break
        case "..": depth = max(depth - 1, 0)
        default: depth += 1
        }
    }
    return depth == 0
}

/// nil where the variable isn't set, or empty: podman, as root, sets XDG_RUNTIME_DIR to nothing.
private func environment(_ name: ByteString) -> ByteString? {
    guard let value = OwnEnvironment.value(of: name), !value.isEmpty else { return nil }
    return value
}
