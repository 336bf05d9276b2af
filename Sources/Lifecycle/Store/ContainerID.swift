import Bytes
import Errors

/// The format of container ids, which runtime.md leaves to the runtime. Every id is usable as the name of a file.
enum ContainerID {
    static let maximumLength = 255

    /// Refuses an id of another format.
    static func validate(_ id: ByteString) throws(RuntimeError) {
        guard isValid(id) else {
            throw RuntimeError(
                .usage, "invalid container id format: \"" + id.displayText + "\"",
                hint: "ids are made of letters, digits, \"_\", \"+\", \"-\" and \".\", at most 255, and not of dots alone")
        }
    }

    static func isValid(_ id: ByteString) -> Bool {
        guard !id.isEmpty, id.count <= maximumLength, id.bytes.contains(where: { $0 != UInt8(ascii: ".") }) else { return false }
        return id.bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
            default: byte.isLetter || byte.isDigit
            }
        }
    }
}
