public import Bytes
import CCap
import CLinux

/// libcap's names. The sets themselves are numbers and system calls of our own: what libcap has for them allocates memory.
extension CapabilitySet {
    // The numbers of those that the program itself needs.
    public static var setgid: Int { Int(CAP_SETGID) }
    public static var setuid: Int { Int(CAP_SETUID) }
    public static var sysAdmin: Int { Int(CAP_SYS_ADMIN) }
    public static var sysNice: Int { Int(CAP_SYS_NICE) }

    /// The number of a name such as "CAP_CHOWN": nil for what libcap doesn't know, and for any other spelling. libcap takes "cap_chown",
    /// "0" and "CAP_CHOWN=ep" as well, which the specification doesn't list. The corresponding C function is `cap_from_name`.
    public static func number(of name: ByteString) -> Int? {
        let isSpelledInCapitals = name.bytes.allSatisfy { letters.contains($0) || $0 == UInt8(ascii: "_") }
        guard isSpelledInCapitals else { return nil }
        var number: cap_value_t = 0
        guard name.withCString({ cap_from_name($0, &number) }) == 0 else { return nil }
        return Int(number)
    }

    /// "CAP_CHOWN" for 0: nil for what libcap has no name for, and writes as a number. The corresponding C function is `cap_to_name`.
    public static func name(of number: Int) -> ByteString? {
        guard let text = cap_to_name(cap_value_t(number)) else { return nil }
        defer { cap_free(text) }
        let name = ByteString(cString: text)
        guard name.hasPrefix("cap_") else { return nil }
        let difference = UInt8(ascii: "a") - UInt8(ascii: "A")
        return ByteString(name.bytes.map { $0 == UInt8(ascii: "_") ? $0 : $0 - difference })
    }

    private static var letters: ClosedRange<UInt8> { UInt8(ascii: "A")...UInt8(ascii: "Z") }
}
