import Bytes
import Errors
import Linux

/// Copies our standard input to the container's terminal, and the terminal's output to our standard output. At the end our own
/// terminal gets its former settings back.
struct TerminalRelay: ~Copyable {
    private let controller: SharedDescriptor
    private let saved: TerminalSettings?
    private var isInputOpen = true
    private var isOutputOpen = true
    /// Input that the container's terminal hasn't taken yet.
    private var typed: [UInt8] = []

    /// Puts our own terminal into raw mode and gives its size to the container's terminal.
    init(_ controller: SharedDescriptor) throws(RuntimeError) {
        self.controller = controller
        saved = TerminalSettings(of: FileDescriptor.standardInput)
        // Our terminal passes on every key: the container's terminal turns keys into lines and signals. If another program
        // reads our output, our terminal's output settings stay, because that program may write to it: `wherry run ID | grep`.
        saved?.raw(keepingOutput: TerminalRelay.passesLinesOn).apply(to: FileDescriptor.standardInput)
        controller.file.setNonBlocking()
        resize()
    }

    deinit { saved?.apply(to: FileDescriptor.standardInput) }

    /// Whether line feeds are passed on without a carriage return, because our standard output isn't a terminal.
    private static var passesLinesOn: Bool { !FileDescriptor.isTerminal(FileDescriptor.standardOutput) }

    /// Keeps the container's terminal from adding a carriage return to each line feed, unless our standard output is a
    /// terminal.
    static func keepLines(of terminal: SharedDescriptor) {
        guard passesLinesOn, var settings = TerminalSettings(of: terminal.rawValue) else { return }
        settings.keepLineFeeds()
        settings.apply(to: terminal.rawValue)
    }

    /// Gives the container's terminal the size of ours.
    func resize() { Terminal.copySize(from: FileDescriptor.standardInput, to: controller.rawValue) }

    /// What to wait for: our standard input and the container's terminal. No new input is read before the last was taken.
    var requests: [PollRequest] {
        [
            PollRequest(isInputOpen && typed.isEmpty ? FileDescriptor.standardInput : nil, .readable),
            PollRequest(isOutputOpen ? controller.rawValue : nil, typed.isEmpty ? .readable : [.readable, .writable]),
        ]
    }

    /// Copies what is ready, according to the answers to `requests`.
    mutating func pump(_ answers: ArraySlice<PollRequest>) throws(SystemError) {
        guard let input = answers.first?.answer, let output = answers.last?.answer else { return }
        if !input.isEmpty {
            typed = (try? FileDescriptor.read(FileDescriptor.standardInput, upTo: 16 * 1024)) ?? []
            // For the container, the end of our input is ^D (4).
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
                // No process has the container's side of the terminal open.
                isOutputOpen = false
            } catch {}
        }
    }

    /// Shows the output that is left when the process has ended.
    func drain() {
        while (try? show()) == true {}
    }

    /// Copies one piece of output.
    ///
    /// - Returns: False at the end of the output.
    private func show() throws(SystemError) -> Bool {
        var bytes = try FileDescriptor.read(controller.rawValue, upTo: 16 * 1024)[...]
        if bytes.isEmpty { return false }
        while !bytes.isEmpty {
            do throws(SystemError) {
                bytes = bytes.dropFirst(try FileDescriptor.write(bytes, to: FileDescriptor.standardOutput))
            } catch  where error.errno == .EINTR || error.errno == .EAGAIN {
            } catch {
                // Nobody reads our standard output any more, so this piece is dropped.
                return true
            }
        }
        return true
    }
}
