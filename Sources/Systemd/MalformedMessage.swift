/// Bytes that break a rule of the D-Bus Specification, or that go beyond a limit of this module.
struct MalformedMessage: Error {
    /// What is wrong, as the end of a sentence: "a string isn't UTF-8".
    let reason: StaticString

    init(_ reason: StaticString) { self.reason = reason }

    /// The reason, for a message to people.
    var text: String { reason.withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }
}

/// The limits of a message.
enum MessageLimit {
    /// The most bytes of a message that this module writes or reads. The specification allows 128 MiB; systemd's answers about
    /// one unit are a few hundred bytes, so a longer message is a defect or an attack.
    static let message = 1 << 20
    /// The most bytes of a message in the D-Bus Specification, "Message Format". No correct peer sends more.
    static let specifiedMessage = 128 << 20
    /// The most bytes in the elements of an array: D-Bus Specification, "Marshaling (Wire Format)".
    static let array = 64 << 20
    /// The most bytes of a signature: D-Bus Specification, "Type System".
    static let signature = 255
    /// The most containers inside each other: the specification allows 32 arrays and 32 structures.
    static let depth = 64
}
