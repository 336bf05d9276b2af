import Bytes
import CLinux
public import Errors

/// A pseudoterminal pair. See pts(4), ioctl_tty(2).
public struct Terminal: ~Copyable {
    /// The end for the program that displays the terminal.
    public let controller: FileDescriptor
    /// The end for the processes that run in the terminal.
    public let peer: FileDescriptor
    /// N of /dev/pts/N.
    public let number: Int32

    /// Opens a pair on the devpts with this root. The peer isn't opened by its name /dev/pts/N, which the container may have
    /// replaced (CVE-2025-52565), but through the controller (`TIOCGPTPEER`).
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

    /// Whether a descriptor is the controller of a pseudoterminal. A received descriptor must be checked, because another
    /// process than the expected one may have sent it.
    public static func isController(_ descriptor: borrowing FileDescriptor) -> Bool {
        guard let magic = try? descriptor.fileSystemMagic(), let status = try? descriptor.status() else { return false }
        return magic == .devpts && status.isCharacterDevice(major: 5, minor: 2)
    }

    /// Sets the size of the terminal, in characters. The corresponding operation is `TIOCSWINSZ`.
    public borrowing func setSize(rows: UInt16, columns: UInt16) throws(SystemError) {
        guard c_window_size_set(controller.rawValue, rows, columns) == 0 else { throw .last("ioctl") }
    }

    /// Makes a terminal the controlling terminal of the caller's session. The caller must be the session's leader. The
    /// corresponding operation is `TIOCSCTTY`.
    public static func takeAsControlling(_ peer: borrowing FileDescriptor) throws(SystemError) {
        guard c_controlling_terminal(peer.rawValue) == 0 else { throw .last("ioctl") }
    }
}

/// How a terminal treats what is typed and shown. See termios(3).
public struct TerminalSettings {
    private var fields = termios()

    /// Reads the settings of a terminal; nil if the descriptor isn't one. The corresponding C function is `tcgetattr`.
    public init?(of terminal: Int32) {
        guard tcgetattr(terminal, &fields) == 0 else { return nil }
    }

    /// These settings, except that every key is passed on and every byte is shown unchanged; with `keepingOutput` the latter
    /// doesn't change. The corresponding C function is `cfmakeraw`.
    public func raw(keepingOutput: Bool) -> TerminalSettings {
        var settings = self
        cfmakeraw(&settings.fields)
        if keepingOutput { settings.fields.c_oflag = fields.c_oflag }
        return settings
    }

    /// Makes the terminal show a line feed without adding a carriage return (`ONLCR`).
    public mutating func keepLineFeeds() { fields.c_oflag &= ~tcflag_t(ONLCR) }

    /// Applies the settings to a terminal. Errors are ignored. The corresponding C function is `tcsetattr`.
    public func apply(to terminal: Int32) {
        var fields = fields
        _ = tcsetattr(terminal, TCSANOW, &fields)
    }
}

extension Terminal {
    /// Gives the terminal `other` the size of the terminal `one`. The corresponding operations are `TIOCGWINSZ` and
    /// `TIOCSWINSZ`.
    public static func copySize(from one: Int32, to other: Int32) { _ = c_window_size_copy(one, other) }
}
