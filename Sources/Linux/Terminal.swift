import Bytes
import CLinux
public import Errors

/// A pseudoterminal pair. See pts(4), ioctl_tty(2).
public struct Terminal: ~Copyable {
    /// The side of whoever shows the terminal.
    public let controller: FileDescriptor
    /// The side of the process in it.
    public let peer: FileDescriptor
    public let number: Int32

    /// Opens a pair on a devpts whose root is given. Nothing is opened by the name /dev/pts/N, which the container may have
    /// replaced (CVE-2025-52565): the peer comes from the controller itself.
    @inline(never)
    public static func open(devpts: borrowing FileDescriptor) throws(SystemError) -> Terminal {
        guard try devpts.fileSystemMagic() == .devpts else { throw SystemError("fstatfs", errno: .ENODEV) }
        let controller = try devpts.openResolving(
            "ptmx", flags: [.readWrite, .noControllingTerminal], resolve: [.beneath, .noMountCrossing, .noLinks])
        guard try controller.status().isCharacterDevice(major: 5, minor: 2) else {
            throw SystemError("fstat", errno: .ENODEV)
        }
        guard c_terminal_unlock(controller.rawValue) == 0 else { throw .last("ioctl") }
        let peer = try FileDescriptor.checked("ioctl", c_terminal_peer(controller.rawValue, O_RDWR | O_NOCTTY | O_CLOEXEC))
        let number = c_terminal_number(controller.rawValue)
        return Terminal(controller: controller, peer: peer, number: number)
    }

    /// The controller that a process sent: shown to be one, since others may have spoken in that process's place.
    public static func isController(_ descriptor: borrowing FileDescriptor) -> Bool {
        guard let magic = try? descriptor.fileSystemMagic(), let status = try? descriptor.status() else { return false }
        return magic == .devpts && status.isCharacterDevice(major: 5, minor: 2)
    }

    public borrowing func setSize(rows: UInt16, columns: UInt16) throws(SystemError) {
        guard c_window_size_set(controller.rawValue, rows, columns) == 0 else { throw .last("ioctl") }
    }

    /// Makes a terminal the own one of the caller's session, whose leader the caller is. The corresponding operation is `TIOCSCTTY`.
    public static func takeAsControlling(_ peer: borrowing FileDescriptor) throws(SystemError) {
        guard c_controlling_terminal(peer.rawValue) == 0 else { throw .last("ioctl") }
    }
}

/// How a terminal treats what is typed and shown. See termios(3).
public struct TerminalSettings {
    private var fields = termios()

    /// nil for what isn't a terminal. The corresponding C function is `tcgetattr`.
    public init?(of terminal: Int32) {
        guard tcgetattr(terminal, &fields) == 0 else { return nil }
    }

    /// Every key is passed on as it is, and every byte shown as it is. The corresponding C function is `cfmakeraw`.
    public func raw(keepingOutput: Bool) -> TerminalSettings {
        var settings = self
        cfmakeraw(&settings.fields)
        if keepingOutput { settings.fields.c_oflag = fields.c_oflag }
        return settings
    }

    /// Shows a line feed as it is, without a carriage return (`ONLCR`).
    public mutating func keepLineFeeds() { fields.c_oflag &= ~tcflag_t(ONLCR) }

    /// The corresponding C function is `tcsetattr`.
    public func apply(to terminal: Int32) {
        var fields = fields
        _ = tcsetattr(terminal, TCSANOW, &fields)
    }
}

extension Terminal {
    /// Gives a terminal the size of another one. The corresponding operations are `TIOCGWINSZ` and `TIOCSWINSZ`.
    public static func copySize(from one: Int32, to other: Int32) { _ = c_window_size_copy(one, other) }
}
