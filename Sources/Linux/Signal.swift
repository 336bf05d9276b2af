public import Bytes
import CLinux
public import Errors

/// Names and numbers of signals. See signal(7).
public enum Signal {
    /// The highest number that the kernel knows.
    private static let highest: Int32 = 64

    public static var kill: Int32 { SIGKILL }
    public static var pipe: Int32 { SIGPIPE }
    public static var child: Int32 { SIGCHLD }
    public static var fileSizeLimit: Int32 { SIGXFSZ }
    public static var windowChange: Int32 { SIGWINCH }

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

// MARK: What becomes of those that come

extension Signal {
    /// All unblocked and with their default dispositions: what the caller had blocked or ignored isn't the container's.
    public static func resetAll() { c_signals_reset() }

    /// The corresponding C function is `signal` with `SIG_IGN`.
    public static func ignore(_ number: Int32) { c_ignore_signal(number) }

    /// The corresponding C function is `signal` with `SIG_DFL`.
    public static func takeDefault(_ number: Int32) { c_default_signal(number) }

    /// Those that usually end a process end it, though as the first one of a pid namespace it wouldn't hear of them (pid_namespaces(7)).
    public static func letEndTheFirstProcess() { c_end_by_signals() }

    /// Takes one that ends programs, SIGHUP, SIGINT, SIGQUIT or SIGTERM, where one waits, blocked. The corresponding system call is
    /// `rt_sigtimedwait`.
    public static func takeBlockedEnd() -> Int32? {
        let number = c_take_end()
        return number == 0 ? nil : number
    }

    /// Blocks those that a foreground command passes on. The corresponding system call is `signalfd`.
    ///
    /// - Returns: where they can be read, with `next`.
    public static func blockedForReading() throws(SystemError) -> FileDescriptor {
        try .checked("signalfd", c_signal_descriptor())
    }

    /// The one that has come, read from there.
    public static func next(from descriptor: borrowing FileDescriptor) throws(SystemError) -> Int32 {
        // struct signalfd_siginfo: ssi_signo is first.
        let information = try descriptor.read(upTo: MemoryLayout<signalfd_siginfo>.size)
        return information.withUnsafeBytes { $0.count < 4 ? 0 : $0.loadUnaligned(as: Int32.self) }
    }
}
