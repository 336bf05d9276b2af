import Bytes
import Errors
import Linux

/// Carries what is typed into the container's terminal, and what that shows to ours, which is given back as it was.
struct TerminalRelay: ~Copyable {
    private let controller: SharedDescriptor
    private let saved: TerminalSettings?
    private var isInputOpen = true
    private var isOutputOpen = true
    /// Typed, and not yet taken by the container.
    private var typed: [UInt8] = []

    init(_ controller: SharedDescriptor) throws(RuntimeError) {
        self.controller = controller
        saved = TerminalSettings(of: FileDescriptor.standardInput)
        // Every key is the container's: its own terminal makes lines and signals of them. Who reads the output in our place may show it
        // here: `wherry run ID | grep`.
        saved?.raw(keepingOutput: TerminalRelay.passesLinesOn).apply(to: FileDescriptor.standardInput)
        controller.file.setNonBlocking()
        resize()
    }

    deinit { saved?.apply(to: FileDescriptor.standardInput) }

    /// Whether lines go on as the program ends them, with a line feed, since whatever reads them isn't a terminal.
    private static var passesLinesOn: Bool { !FileDescriptor.isTerminal(FileDescriptor.standardOutput) }

    /// Has the container's terminal leave line feeds as they are. A terminal that shows them gets a carriage return with each.
    static func keepLines(of terminal: SharedDescriptor) {
        guard passesLinesOn, var settings = TerminalSettings(of: terminal.rawValue) else { return }
        settings.keepLineFeeds()
        settings.apply(to: terminal.rawValue)
    }

    func resize() { Terminal.copySize(from: FileDescriptor.standardInput, to: controller.rawValue) }

    var requests: [PollRequest] {
        [
            PollRequest(isInputOpen && typed.isEmpty ? FileDescriptor.standardInput : nil, .readable),
            PollRequest(isOutputOpen ? controller.rawValue : nil, typed.isEmpty ? .readable : [.readable, .writable]),
        ]
    }

    mutating func pump(_ answers: ArraySlice<PollRequest>) throws(SystemError) {
        guard let input = answers.first?.answer, let output = answers.last?.answer else { return }
        if !input.isEmpty {
            typed = (try? FileDescriptor.read(FileDescriptor.standardInput, upTo: 16 * 1024)) ?? []
            // The end of our input is ^D in the container's.
            if typed.isEmpty {
                isInputOpen = false
                typed = [4]
            }
        }
        if output.contains(.writable), !typed.isEmpty, let count = try? FileDescriptor.write(typed[...], to: controller.rawValue)
        {
            typed.removeFirst(count)
        }
        if !output.subtracting(.writable).isEmpty {
            do throws(SystemError) {
                _ = try show()
            } catch  where error.errno == .EIO {
                // Nobody has the other side open.
                isOutputOpen = false
            } catch {}
        }
    }

    /// What the container said last, when it has ended.
    func drain() {
        while (try? show()) == true {}
    }

    /// - Returns: false at the end.
    private func show() throws(SystemError) -> Bool {
        var bytes = try FileDescriptor.read(controller.rawValue, upTo: 16 * 1024)[...]
        if bytes.isEmpty { return false }
        while !bytes.isEmpty {
            do throws(SystemError) {
                bytes = bytes.dropFirst(try FileDescriptor.write(bytes, to: FileDescriptor.standardOutput))
            } catch  where error.errno == .EINTR || error.errno == .EAGAIN {
            } catch {
                // Nobody reads it.
                return true
            }
        }
        return true
    }
}
