public import Bytes
public import Errors
import Linux

/// Chooses the directory for the containers' state.
///
/// - Parameter chosen: The value of `--root`. nil takes the default for the current user.
/// - Returns: The absolute path.
/// - Throws: `usage` if the chosen directory is "/", or if there is no default for the user.
public func stateRoot(chosen: ByteString?) throws(RuntimeError) -> ByteString {
    if let chosen { return try checked(chosen) }
    return try defaultStateRoot(
        isRoot: Credentials.effectiveUser == 0, user: environment("USER"), session: environment("XDG_RUNTIME_DIR"),
        isInUserNamespace: isInUserNamespace())
}

/// The default directory for the containers' state, as engines expect it.
///
/// Users other than root have it in the runtime directory of their session. So has root of a user namespace, as which rootless
/// podman runs wherry, unless `$USER` says "root": then the user is root outside the namespace as well.
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
    // With "/", every directory at the top of the host's file system would count as a container.
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

/// The value of a variable: nil if it isn't set or is empty. podman, when run by root, sets XDG_RUNTIME_DIR to an empty text.
private func environment(_ name: ByteString) -> ByteString? {
    guard let value = OwnEnvironment.value(of: name), !value.isEmpty else { return nil }
    return value
}
