public import Bytes

/// The name of a network interface, as the kernel's dev_valid_name accepts it: at most 15 bytes, without "/", ":" and white
/// space.
public struct InterfaceName: Equatable, CheckedText {
    static let refusal: StaticString = "can't be the name of a network interface"

    public let text: ByteString

    public init?(_ text: ByteString) {
        guard isKernelName(text, most: 15), !text.contains(UInt8(ascii: ":")) else { return nil }
        self.text = text
    }
}

/// The name of an RDMA device: the first word of a line for the file rdma.max, and the name of a directory in /sys.
public struct RDMADeviceName: Equatable, CheckedText {
    static let refusal: StaticString = "can't be the name of an RDMA device"

    public let text: ByteString

    /// Accepts at most 63 bytes: IB_DEVICE_NAME_MAX of rdma/rdma_netlink.h is 64 and counts the NUL.
    public init?(_ text: ByteString) {
        guard isKernelName(text, most: 63) else { return nil }
        self.text = text
    }
}

/// The size of a huge page, `<size><unit-prefix>B`, as in the names of the kernel's files: config-linux.md, "Huge page limits".
public struct PageSize: Equatable, CheckedText {
    static let refusal: StaticString = "is no page size such as 64KB, 2MB, 1GB"

    public let text: ByteString

    public init?(_ text: ByteString) {
        guard text.hasSuffix("KB") || text.hasSuffix("MB") || text.hasSuffix("GB") else { return nil }
        let digits = text.bytes.dropLast(2)
        guard let first = digits.first, first != UInt8(ascii: "0"), digits.allSatisfy({ $0.isDigit }) else { return nil }
        self.text = text
    }
}

/// The name of a controller's file in cgroup v2: "NAME.NAME" or longer, made of letters, digits and underscores.
///
/// Files named "cgroup.…" belong to the tree itself, and could move processes or disable controllers. Only the two of them that
/// are limits are accepted.
public struct ControllerFile: Equatable, CheckedText {
    static let refusal: StaticString = "is not the name of a controller's file"

    public let text: ByteString

    public init?(_ text: ByteString) {
        let parts = text.split(separator: UInt8(ascii: "."))
        let isWellFormed =
            parts.count > 1
            && parts.allSatisfy { part in
                !part.isEmpty && part.bytes.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
            }
        guard isWellFormed, parts[0] != "cgroup" || text == "cgroup.max.depth" || text == "cgroup.max.descendants" else {
            return nil
        }
        self.text = text
    }
}

/// Whether the text can be the name of a file: not empty, not "." or "..", no "/", no line feed.
func isPlainFileName(_ name: ByteString) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains(UInt8(ascii: "/")) && !name.contains(UInt8(ascii: "\n"))
}

/// Whether the text is a file's name without white space, of at most `most` bytes. The kernel's isspace counts 0xA0 as white
/// space.
private func isKernelName(_ name: ByteString, most: Int) -> Bool {
    guard isPlainFileName(name), name.count <= most else { return false }
    return name.bytes.allSatisfy { $0 != 0x20 && $0 != 0xA0 && !(0x09...0x0D).contains($0) }
}
