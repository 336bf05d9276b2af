import Bytes
import Errors
import Linux

/// The names of the host's device drivers by their major numbers: `/proc/devices`, proc(5).
struct DeviceDrivers {
    private let lines: [ByteString]

    init(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        self.init(
            text: try explaining(
                .system, "the names of device drivers can't be read", path: "/proc/devices", procfs.read("devices")))
    }

    init(text: [UInt8]) { lines = ByteString(text).split(separator: UInt8(ascii: "\n")) }

    /// The driver of the devices with this major number.
    ///
    /// - Parameters:
    ///   - major: The number.
    ///   - kind: "char" or "block".
    /// - Returns: nil if no driver has the number.
    func name(of major: ByteString, _ kind: ByteString) -> ByteString? {
        var section: ByteString = ""
        for line in lines {
            if line.hasSuffix("devices:") { section = line.hasPrefix("Block") ? "block" : "char" }
            let words = line.words
            if section == kind, words.count == 2, words[0] == major { return words[1] }
        }
        return nil
    }
}
