import Bytes
import Errors
import Linux
import OCI

/// Where a program in the container finds the service manager: sd_notify(3).
///
/// The manager's own socket isn't mounted in the container: whoever can write to it can also name another process of the host as
/// the service's main process. The container gets a socket of ours instead, and `NotifyRelay` passes on what a container may
/// say.
enum NotifyPlace {
    /// The variable that has the path of the socket: for us that of the manager's, for the container that of ours.
    static let variable: ByteString = "NOTIFY_SOCKET"
    /// The folder in the container's state directory, and the socket in it. The folder is mounted, not the socket, since the
    /// socket is made only by `start`.
    static let folder: ByteString = "notify"
    static let socket: ByteString = "notify.sock"

    /// The same path in the container as with runc.
    private static let place: ByteString = "/run/notify"

    /// The service manager's socket: nil if we weren't started by one.
    static var managersSocket: ByteString? {
        // A "@" stands for an abstract socket. There are others, of virtual machines, which concern no container.
        OwnEnvironment.value(of: variable).flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    }

    /// Whether the container of this configuration is to get a socket. Not if it has one already, as from podman.
    static func isWanted(by config: Config) -> Bool {
        guard let process = config.process else { return false }
        return !process.env.contains { $0.hasPrefix(variable + "=") }
    }

    /// The mount that shows the socket in the container.
    ///
    /// - Parameter folder: The path of the folder in the state directory.
    /// - Returns: What would be the entry in `/mounts`.
    static func mount(of folder: ByteString) -> Mount {
        Mount(
            destination: place, type: "bind", source: folder, options: ["bind", "ro", "nosuid", "nodev", "noexec"])
    }

    /// The container's entry in `process.env`.
    static var environment: ByteString { variable + "=" + place + "/" + socket }

    /// Whether a container has the folder.
    static func exists(in directory: borrowing FileDescriptor) throws(RuntimeError) -> Bool {
        try explaining(.system, "the container's state can't be looked at", path: folder, directory.contains(folder))
    }

    /// Makes the folder. The container's user has to be able to search it. Under SELinux the container's label has to permit
    /// that, too, and use of the socket: a socket gets the type of its folder.
    static func make(in directory: borrowing FileDescriptor, label: MountLabel?) throws(RuntimeError) {
        try explaining(.system, "the folder of the notification socket can't be made", path: folder) { () throws(SystemError) in
            try directory.makeDirectory(folder, mode: 0o755)
            // The umask may have taken bits away.
            try directory.setMode(of: folder, to: 0o755)
            if let label { try directory.open(folder, flags: [.readOnly, .directory, .noFollow]).setLabel(label.text) }
        }
    }
}

extension Process {
    /// The same process with more variables, and with another form of its SELinux label.
    func adding(_ variables: [ByteString], label: ByteString?) -> Process {
        var process = self
        process.env += variables
        process.selinuxLabel = label
        return process
    }
}
