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
        // Other names of the same numbers. They are last, so that `name(of:)` finds the usual names.
        ("IOT", SIGABRT), ("CLD", SIGCHLD), ("POLL", SIGIO),
    ]

    /// The real-time signals as the C library and the engines count them: the C library reserves 32 and 33 for itself.
    private static let realTime: ClosedRange<Int32> = 34...64

    /// The number of the signal that "TERM", "SIGTERM", "term", "15", "RTMIN+3" or "SIGRTMAX-1" stands for. 0 is accepted too:
    /// kill(2) then only checks whether the process exists.
    public static func number(named text: ByteString) throws(RuntimeError) -> Int32 {
        guard let number = parse(text) else {
            throw RuntimeError(
                .usage, "unknown signal \"" + text.displayText + "\"",
                hint: "signals are names, with or without SIG, or numbers from 0 to 64: TERM, SIGKILL, 9, RTMIN+3")
        }
        return number
    }

    /// The name of a signal: "SIGKILL" for 9; nil for real-time signals and for numbers that aren't signals.
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

// MARK: Handling of signals

extension Signal {
    /// Unblocks all signals and gives them their default dispositions: what the caller has blocked or ignored must not affect
    /// the container.
    public static func resetAll() { c_signals_reset() }

    /// The same for a process that has only the handlers of `Trap`, which stay until execve.
    public static func resetIgnored() { c_signals_reset_ignored() }

    /// Finds out which signals this process ignores, so that `resetIgnored` needn't reset all 64, in this process and in those
    /// that it clones.
    public static func noteIgnored(_ status: OwnStatus?) {
        if let ignored = status?.ignoredSignals { c_signals_expect_ignored(ignored) }
    }

    /// Ignores a signal. The corresponding C function is `signal` with `SIG_IGN`.
    public static func ignore(_ number: Int32) { c_ignore_signal(number) }

    /// Gives a signal its default disposition. The corresponding C function is `signal` with `SIG_DFL`.
    public static func takeDefault(_ number: Int32) { c_default_signal(number) }

    /// Makes signals that usually end a process end this one, even if it's the first process of a pid namespace: such a process
    /// gets only signals that it has handlers for (pid_namespaces(7)).
    public static func letEndTheFirstProcess() { c_end_by_signals() }

    /// Takes a blocked and pending SIGHUP, SIGINT, SIGQUIT or SIGTERM; nil if none is pending. The corresponding system call is
    /// `rt_sigtimedwait`.
    public static func takeBlockedEnd() -> Int32? {
        let number = c_take_end()
        return number == 0 ? nil : number
    }

    /// Blocks the signals that a foreground command passes on. The corresponding system call is `signalfd`.
    ///
    /// - Returns: a descriptor from which `next(from:)` reads the signals.
    public static func blockedForReading() throws(SystemError) -> FileDescriptor {
        try .checked("signalfd", c_signal_descriptor())
    }

    /// Reads the number of the next signal from such a descriptor.
    public static func next(from descriptor: borrowing FileDescriptor) throws(SystemError) -> Int32 {
        // struct signalfd_siginfo: ssi_signo is first.
        let information = try descriptor.read(upTo: MemoryLayout<signalfd_siginfo>.size)
        return information.withUnsafeBytes { $0.count < 4 ? 0 : $0.loadUnaligned(as: Int32.self) }
    }
}
