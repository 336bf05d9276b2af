import Bytes
import Errors

/// The id of a container as runtime.md leaves it to the runtime: what can be a file's name and nothing else.
enum ContainerID {
    static let maximumLength = 255

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
