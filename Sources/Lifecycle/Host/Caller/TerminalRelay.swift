import Bytes
import CLinux
import Errors
import Linux

/// Carries what is typed into the container's terminal, and what that shows to ours, which is given back as it was.
struct TerminalRelay: ~Copyable {
    private let controller: SharedDescriptor
    private var saved: termios?
    private var isInputOpen = true
    private var isOutputOpen = true
    /// Typed, and not yet taken by the container.
    private var typed: [UInt8] = []

    init(_ controller: SharedDescriptor) throws(RuntimeError) {
        self.controller = controller
        var settings = termios()
        if tcgetattr(STDIN_FILENO, &settings) == 0 {
            saved = settings
            // Every key is the container's: its own terminal makes lines and signals of them.
            let outputFlags = settings.c_oflag
            cfmakeraw(&settings)
            // Who reads the output in our place may show it here: `wherry run ID | grep`.
            if TerminalRelay.passesLinesOn { settings.c_oflag = outputFlags }
            _ = tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        } else {
            saved = nil
        }
        _ = c_fcntl(controller.rawValue, F_SETFL, c_fcntl(controller.rawValue, F_GETFL, 0) | O_NONBLOCK)
        resize()
    }

    deinit {
        guard var settings = saved else { return }
        _ = tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// Whether lines go on as the program ends them, with a line feed, since whatever reads them isn't a terminal.
    private static var passesLinesOn: Bool { isatty(STDOUT_FILENO) == 0 }

    /// Has the container's terminal leave line feeds as they are. A terminal that shows them gets a carriage return with each.
    static func keepLines(of terminal: SharedDescriptor) {
        var settings = termios()
        guard passesLinesOn, tcgetattr(terminal.rawValue, &settings) == 0 else { return }
        settings.c_oflag &= ~tcflag_t(ONLCR)
        _ = tcsetattr(terminal.rawValue, TCSANOW, &settings)
    }

    func resize() { _ = c_window_size_copy(STDIN_FILENO, controller.rawValue) }

    var requests: [pollfd] {
        [
            pollfd(fd: isInputOpen && typed.isEmpty ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: isOutputOpen ? controller.rawValue : -1, events: Int16(POLLIN | (typed.isEmpty ? 0 : POLLOUT)), revents: 0),
        ]
    }

    mutating func pump(_ answers: ArraySlice<pollfd>) throws(SystemError) {
        guard let input = answers.first, let output = answers.last else { return }
        if input.revents != 0 {
            typed = TerminalRelay.readOnce(STDIN_FILENO) ?? []
            // The end of our input is ^D in the container's.
            if typed.isEmpty {
                isInputOpen = false
                typed = [4]
            }
        }
        if Int32(output.revents) & Int32(POLLOUT) != 0, !typed.isEmpty {
            let count = typed.withUnsafeBytes { write(controller.rawValue, $0.baseAddress, typed.count) }
            if count > 0 { typed.removeFirst(count) }
        }
        // EIO: nobody has the other side open.
        if Int32(output.revents) & ~Int32(POLLOUT) != 0, !show(), c_errno() == EIO { isOutputOpen = false }
    }

    /// What the container said last, when it has ended.
    func drain() {
        while show() {}
    }

    /// - Returns: false where there was nothing, with errno.
    private func show() -> Bool {
        guard let bytes = TerminalRelay.readOnce(controller.rawValue), !bytes.isEmpty else { return false }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(STDOUT_FILENO, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count > 0 { written += count } else if c_errno() != EINTR && c_errno() != EAGAIN { return true }
        }
        return true
    }

    /// - Returns: nil on failure.
    private static func readOnce(_ descriptor: Int32) -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 16 * 1024) { buffer, filled in
            count = read(descriptor, buffer.baseAddress, 16 * 1024)
            filled = max(count, 0)
        }
        return count < 0 ? nil : bytes
    }
}
