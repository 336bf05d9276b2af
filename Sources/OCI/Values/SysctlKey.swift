public import Bytes

/// The name of a kernel parameter, taken apart.
public struct SysctlKey: CheckedText {
    static let refusal: StaticString = "can't be the name of a kernel parameter"

    /// As the document has it.
    public let text: ByteString
    /// The parts of the path below /proc/sys, two or more.
    public let components: [ByteString]

    /// As sysctl(8) has it, the separator that comes first decides: in "net.ipv4.conf.eno2/100.mtu" the "/" stands for the dot in
    /// an interface's name, in "net/ipv4/conf/eno2.100/mtu" the dot is itself.
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

    /// No way up, nothing empty, nothing but what parameters and interfaces are named with. An interface's name may have "@" in it. Other
    /// programs have taken "+" and the like for something else (CVE-2022-0811).
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
