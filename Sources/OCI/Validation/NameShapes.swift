public import Bytes

/// A file's name alone: no path, not "." or "..", on one line.
func isPlainFileName(_ name: ByteString) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains(UInt8(ascii: "/")) && !name.contains(UInt8(ascii: "\n"))
}

/// What the kernel's dev_valid_name lets pass: at most 15 bytes, no "/", no ":", no white space.
func isInterfaceName(_ name: ByteString) -> Bool {
    guard isPlainFileName(name), name.count <= 15 else { return false }
    return name.bytes.allSatisfy { $0 != UInt8(ascii: ":") && $0 != 0x20 && !(0x09...0x0D).contains($0) }
}

/// config-linux.md, "Huge page limits": `<size><unit-prefix>B`.
func isPageSize(_ text: ByteString) -> Bool {
    guard text.count >= 3, let first = text.bytes.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first) else {
        return false
    }
    let digits = text.bytes.dropLast(2)
    let unit = text.bytes[text.count - 2]
    return digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } && text.bytes.last == UInt8(ascii: "B")
        && (unit == UInt8(ascii: "K") || unit == UInt8(ascii: "M") || unit == UInt8(ascii: "G"))
}

extension Sysctl {
    /// The parts of the path below /proc/sys: nil where the key can't be one.
    ///
    /// As sysctl(8) has it, the separator that comes first decides: in "net.ipv4.conf.eno2/100.mtu" the "/" stands for the dot in
    /// an interface's name, in "net/ipv4/conf/eno2.100/mtu" the dot is itself.
    public var components: [ByteString]? {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        guard let separator = key.bytes.first(where: { $0 == dot || $0 == slash }) else { return nil }
        let parts = key.split(separator: separator).map { part in
            ByteString(part.bytes.map { separator == dot && $0 == slash ? dot : $0 })
        }
        return parts.allSatisfy(Sysctl.isComponent) ? parts : nil
    }

    private static func isComponent(_ part: ByteString) -> Bool {
        isPlainFileName(part)
            && part.bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }
}
