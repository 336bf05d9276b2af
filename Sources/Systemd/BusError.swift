public import Bytes
public import Errors

/// An error of a call over D-Bus.
public struct BusError: Error, Sendable {
    /// The error for the user.
    public let error: RuntimeError
    /// The name of the error that the other side answered with; nil if it didn't answer, or didn't answer with an error.
    public let name: ByteString?

    public init(_ error: RuntimeError, name: ByteString? = nil) {
        self.error = error
        self.name = name
    }

    /// A unit with that name exists, perhaps a failed one from earlier: `resetFailedUnit` removes such a one.
    public var isUnitExists: Bool { name.map { $0 == "org.freedesktop.systemd1.UnitExists" } ?? false }

    /// systemd doesn't know the unit.
    public var isNoSuchUnit: Bool { name.map { $0 == "org.freedesktop.systemd1.NoSuchUnit" } ?? false }
}

extension BusError {
    /// An error that the other side, systemd or the bus, answered with.
    ///
    /// - Parameters:
    ///   - step: what the call was for: "start unit \"a.scope\"".
    ///   - answer: the answer, a message of kind error.
    init(_ step: String, refusedBy answer: BusMessage) {
        let name = answer.errorName ?? ""
        var sentence = "can't " + step + ": D-Bus error " + WireText.safe(name)
        if let text = answer.text, !text.isEmpty { sentence += ": " + WireText.safe(text) }
        self.init(RuntimeError(.cgroup, sentence), name: name)
    }

    /// An error because the answer breaks a rule.
    init(_ step: String, _ cause: MalformedMessage) {
        self.init(RuntimeError(.cgroup, "can't " + step + ": the answer over D-Bus is malformed: " + cause.text))
    }

    /// An error because of a failed system call.
    init(_ step: String, _ cause: SystemError, path: ByteString? = nil, hint: String? = nil) {
        self.init(RuntimeError(.cgroup, "can't " + step + " over D-Bus", cause, path: path, hint: hint))
    }

    /// An error because the deadline has passed.
    static func late(_ step: String) -> BusError {
        BusError(
            RuntimeError(
                .timeout, "can't " + step + ": no answer over D-Bus in time",
                hint: "is systemd busy or stopped? \"systemctl list-jobs\" shows what it works at"))
    }

    /// An error because the other side closed the connection.
    static func closed(_ step: String) -> BusError {
        BusError(RuntimeError(.cgroup, "can't " + step + ": the connection to D-Bus was closed"))
    }
}

extension WireText {
    /// A text of the other side's, for a message to people: on one line, without control characters, and not too long.
    static func safe(_ text: ByteString) -> String {
        var shown: [UInt8] = []
        shown.append(text.displayText, escaping: .terminal, limit: 300)
        return ByteString(shown).displayText
    }
}
