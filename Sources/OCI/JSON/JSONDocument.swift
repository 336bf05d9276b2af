import Bytes

/// A document as a flat list of nodes, in the order of the text: an array or object comes before its content, a key before its
/// value. Strings stay in the document's text until a caller asks for a copy: most of a config is only compared, once.
final class JSONDocument: Sendable {
    struct Node: Sendable {
        enum Kind: UInt8, Sendable { case null, `false`, `true`, number, string, array, object }

        var kind: Kind
        /// Whether `start` is an offset into `unescaped`, not into `text`: yajl returns a string with escapes in its own
        /// buffer.
        var isUnescaped = false
        /// The offset of the first byte of a number, a string or a key.
        var start: UInt32 = 0
        /// The bytes of a number, a string or a key; the elements of an array; the members of an object.
        var count: UInt32 = 0
        /// The first node after this one and its content.
        var end: UInt32
    }

    let text: [UInt8]
    let unescaped: [UInt8]
    let nodes: [Node]

    init(text: [UInt8], unescaped: [UInt8], nodes: [Node]) {
        self.text = text
        self.unescaped = unescaped
        self.nodes = nodes
    }

    /// Calls `body` with the bytes of a number, a string or a key.
    @inline(__always)
    func withText<Result>(of node: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let place = nodes[node]
        let range = Int(place.start)..<Int(place.start) + Int(place.count)
        return (place.isUnescaped ? unescaped : text).withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    func copy(of node: Int) -> ByteString { withText(of: node) { ByteString(copying: $0) } }

    /// The JSON pointer (RFC 6901) of a value's node, or of the member whose key is the node.
    func pointer(to target: Int) -> String {
        var pointer = ""
        var container = 0
        while container != target {
            guard let (part, child) = step(from: container, towards: target) else { break }
            pointer += "/" + part
            if child == target + 1, nodes[container].kind == .object { break }
            container = child
        }
        return pointer
    }

    /// One step of a JSON pointer from an array or object: the key or position of the value that is or contains the target, and
    /// that value's node.
    private func step(from container: Int, towards target: Int) -> (String, Int)? {
        let isObject = nodes[container].kind == .object
        var position = 0
        var child = container + 1
        while child < nodes[container].end {
            let value = isObject ? child + 1 : child
            if target < nodes[value].end {
                return (isObject ? copy(of: child).escapedForJSONPointer : String(position), value)
            }
            child = Int(nodes[value].end)
            position += 1
        }
        return nil
    }
}
