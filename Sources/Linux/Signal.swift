public import Bytes
import CLinux
public import Errors

/// Names and numbers of signals. See signal(7).
public enum Signal {
    /// The highest number that the kernel knows.
    private static let highest: Int32 = 64

    private static let names: [(StaticString, Int32)] = [
        ("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("ILL", SIGILL), ("TRAP", SIGTRAP), ("ABRT", SIGABRT),
        ("BUS", SIGBUS), ("FPE", SIGFPE), ("KILL", SIGKILL), ("USR1", SIGUSR1), ("SEGV", SIGSEGV), ("USR2", SIGUSR2),
        ("PIPE", SIGPIPE), ("ALRM", SIGALRM), ("TERM", SIGTERM), ("STKFLT", SIGSTKFLT), ("CHLD", SIGCHLD), ("CONT", SIGCONT),
        ("STOP", SIGSTOP), ("TSTP", SIGTSTP), ("TTIN", SIGTTIN), ("TTOU", SIGTTOU), ("URG", SIGURG), ("XCPU", SIGXCPU),
        ("XFSZ", SIGXFSZ), ("VTALRM", SIGVTALRM), ("PROF", SIGPROF), ("WINCH", SIGWINCH), ("IO", SIGIO), ("PWR", SIGPWR),
        ("SYS", SIGSYS),
        // Other names of the same numbers: behind the usual ones, so that `name` doesn't find them.
        ("IOT", SIGABRT), ("CLD", SIGCHLD), ("POLL", SIGIO),
    ]

    /// The first and the last real-time signal as the C library counts them: it keeps 32 and 33 for itself. Engines count the same way.
    private static let realTime: ClosedRange<Int32> = 34...64

    /// The number that a person or an engine means by "TERM", "SIGTERM", "term", "15", "RTMIN+3" or "SIGRTMAX-1". 0 is taken
    /// too: kill(2) then only asks whether the process is there.
    public static func number(named text: ByteString) throws(RuntimeError) -> Int32 {
        guard let number = parse(text) else {
            throw RuntimeError(
                .usage, "unknown signal \"" + text.displayText + "\"",
                hint: "signals are names, with or without SIG, or numbers from 0 to 64: TERM, SIGKILL, 9, RTMIN+3")
        }
        return number
    }

    /// "SIGKILL" for 9. Real-time signals and numbers that are no signal have no name.
    public static func name(of number: Int32) -> String? {
        guard let known = names.first(where: { $0.1 == number }) else { return nil }
        return "SIG" + known.0.description
    }

    private static func parse(_ text: ByteString) -> Int32? {
        if text.bytes.first?.isDigit == true {
            guard let number = text.decimal(as: Int32.self), number <= highest else { return nil }
            return number
        }
        let upper = ByteString(text.bytes.map { $0.isLetter ? $0 & 0xDF : $0 })
        let name = upper.hasPrefix("SIG") ? upper.dropFirst(3) : upper
        if name.hasPrefix("RTM") { return realTimeNumber(name) }
        return names.first { name == $0.0 }?.1
    }

    private static func realTimeNumber(_ name: ByteString) -> Int32? {
        let (edge, rest) = (ByteString(name.bytes.prefix(5)), name.dropFirst(5))
        let fromStart: Bool
        switch edge {
        case "RTMIN": fromStart = true
        case "RTMAX": fromStart = false
        default: return nil
        }
        guard let sign = rest.bytes.first else { return fromStart ? realTime.lowerBound : realTime.upperBound }
        guard sign == UInt8(ascii: fromStart ? "+" : "-"), rest.bytes.dropFirst().first != UInt8(ascii: "-"),
            let offset = rest.dropFirst(1).decimal(as: Int32.self), offset < realTime.count
        else { return nil }
        return fromStart ? realTime.lowerBound + offset : realTime.upperBound - offset
    }
}
