public import Bytes
import CCap
import CLinux

/// Names of capabilities, which come from libcap. libcap's functions for capability sets aren't used, because they allocate
/// memory.
extension CapabilitySet {
    // Numbers of the capabilities that the program's own code names.
    public static var setgid: Int { Int(CAP_SETGID) }
    public static var setuid: Int { Int(CAP_SETUID) }
    public static var sysAdmin: Int { Int(CAP_SYS_ADMIN) }
    public static var sysNice: Int { Int(CAP_SYS_NICE) }

    /// The number of a capability such as "CAP_CHOWN". The corresponding C function is `cap_from_name`.
    ///
    /// - Parameter name: the name in capitals. libcap also takes "cap_chown", "0" and "CAP_CHOWN=ep", which the specification
    ///   doesn't list.
    /// - Returns: nil if libcap doesn't know the name, or if it contains anything except capital letters and "_".
    public static func number(of name: ByteString) -> Int? {
        let isSpelledInCapitals = name.bytes.allSatisfy { letters.contains($0) || $0 == UInt8(ascii: "_") }
        guard isSpelledInCapitals else { return nil }
        var number: cap_value_t = 0
        guard name.withCString({ cap_from_name($0, &number) }) == 0 else { return nil }
        return Int(number)
    }

    /// The name of a capability: "CAP_CHOWN" for 0. The corresponding C function is `cap_to_name`.
    ///
    /// - Parameter number: the capability's number.
    /// - Returns: nil if libcap has no name for the number. `cap_to_name` then returns the number as text.
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
