public import Bytes

/// The name of a kernel parameter, split into its parts.
public struct SysctlKey: CheckedText {
    static let refusal: StaticString = "can't be the name of a kernel parameter"

    /// The name as the document has it.
    public let text: ByteString
    /// The components of the path below /proc/sys, at least two.
    public let components: [ByteString]

    /// Splits a name at its separator. As in sysctl(8), the separator is "." or "/", whichever comes first.
    ///
    /// In "net.ipv4.conf.eno2/100.mtu" the "/" stands for the dot in an interface's name. In "net/ipv4/conf/eno2.100/mtu" the
    /// dot is a dot.
    public init?(_ text: ByteString) {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        guard let separator = text.bytes.first(where: { $0 == dot || $0 == slash }) else { return nil }
        let components = text.split(separator: separator).map { part in
            ByteString(part.bytes.map { separator == dot && $0 == slash ? dot : $0 })
        }
        guard components.allSatisfy(SysctlKey.isComponent) else { return nil }
        self.text = text
        self.components = components
    }

    /// Whether the part isn't empty, isn't ".." and has only characters that occur in the names of parameters and interfaces.
    /// An interface's name may contain "@". Other programs have given characters such as "+" a meaning (CVE-2022-0811).
    private static func isComponent(_ part: ByteString) -> Bool {
        isPlainFileName(part)
            && part.bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "@"): true
                default: byte.isLetter || byte.isDigit
                }
            }
    }
}
