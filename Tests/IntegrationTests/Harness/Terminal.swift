import CHarness

/// The master side of a pseudoterminal.
final class Terminal {
    let descriptor: Int32
    private(set) var bytes: [UInt8] = []
    /// The text read so far, without the carriage returns that the terminal adds.
    private(set) var text = ""

    /// Takes a terminal that came over a console socket.
    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Opens a new pseudoterminal, and returns the path of its slave side too.
    static func open() throws -> (Terminal, other: String) {
        var name = [CChar](repeating: 0, count: 128)
        let descriptor = h_open_terminal(&name, UInt(name.count))
        guard descriptor >= 0 else { throw HarnessFailure.system("a pseudoterminal") }
        return (
            Terminal(descriptor: descriptor),
            String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        )
    }

    var size: (rows: UInt16, columns: UInt16) {
        get throws {
            var rows: UInt16 = 0
            var columns: UInt16 = 0
            guard h_window_size(descriptor, &rows, &columns) == 0 else { throw HarnessFailure.system("window size") }
            return (rows, columns)
        }
    }

    func resize(rows: UInt16, columns: UInt16) throws {
        guard h_set_window_size(descriptor, rows, columns) == 0 else { throw HarnessFailure.system("window size") }
    }

    /// Writes what a user would type.
    func type(_ text: String) { _ = write(descriptor, text, text.utf8.count) }

    /// Reads until this text has appeared. Without a text, reads until the slave side is closed and everything is read.
    func wait(for wanted: String? = nil) throws {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while wanted.map({ !text.contains($0) }) ?? true {
            guard retrying({ poll(&wait, 1, Int32(Command.deadline * 1000)) }) == 1 else {
                throw HarnessFailure("not written to the terminal: \(wanted ?? "its end"), but: \(text)")
            }
            var part = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &part, part.count)
            // EIO: the last descriptor of the slave side has been closed.
            if count <= 0 {
                if let wanted { throw HarnessFailure("the terminal was closed without \(wanted), but with: \(text)") }
                return
            }
            bytes += part.prefix(count)
            text += String(decoding: part.prefix(count).filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        }
    }
}
