public import Bytes

/// The name of a network interface: what the kernel's dev_valid_name accepts. At most 15 bytes, without "/", ":" and white space.
public struct InterfaceName: Equatable, CheckedText {
    static let refusal: StaticString = "can't be the name of a network interface"

    public let text: ByteString

    public init?(_ text: ByteString) {
        guard isKernelName(text, most: 15), !text.contains(UInt8(ascii: ":")) else { return nil }
        self.text = text
    }
}

/// The name of an RDMA device, which is the first word of a line for the file rdma.max, and a directory's name in /sys.
public struct RDMADeviceName: Equatable, CheckedText {
    static let refusal: StaticString = "can't be the name of an RDMA device"

    public let text: ByteString

    /// IB_DEVICE_NAME_MAX of rdma/rdma_netlink.h counts the NUL.
    public init?(_ text: ByteString) {
        guard isKernelName(text, most: 63) else { return nil }
        self.text = text
    }
}

/// config-linux.md, "Huge page limits": `<size><unit-prefix>B`, as the kernel has it in the names of its files.
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

/// A file of cgroup v2 that belongs to a controller: "NAME.NAME" or longer, of letters, digits and underscores.
///
/// "cgroup.…" are the tree's own files: with them, processes could be moved and controllers taken away. Only its two limits are taken.
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

/// A file's name alone: no path, not "." or "..", on one line.
func isPlainFileName(_ name: ByteString) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains(UInt8(ascii: "/")) && !name.contains(UInt8(ascii: "\n"))
}

/// A file's name without white space, `most` bytes at most. 0xA0 is white space for the kernel's isspace.
private func isKernelName(_ name: ByteString, most: Int) -> Bool {
    guard isPlainFileName(name), name.count <= most else { return false }
    return name.bytes.allSatisfy { $0 != 0x20 && $0 != 0xA0 && !(0x09...0x0D).contains($0) }
}
