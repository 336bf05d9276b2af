import Bytes

/// A document as a flat list of nodes, in the order of the text: a container comes before what it holds, a key before its
/// value. Texts stay where they are until someone asks for a copy: most of a config is read once, by comparing.
final class JSONDocument: Sendable {
    struct Node: Sendable {
        enum Kind: UInt8, Sendable { case null, `false`, `true`, number, string, array, object }

        var kind: Kind
        /// Whether `start` counts in `unescaped`: yajl hands out a text with escapes from a buffer of its own.
        var isUnescaped = false
        /// Of a number, a string or a key: its first byte.
        var start: UInt32 = 0
        /// Bytes of a text, elements of an array, members of an object.
        var count: UInt32 = 0
        /// The first node behind this one and all it holds.
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

    /// Lends the bytes of a number, a string or a key.
    @inline(__always)
    func withText<Result>(of node: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let place = nodes[node]
        let range = Int(place.start)..<Int(place.start) + Int(place.count)
        return (place.isUnescaped ? unescaped : text).withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    func copy(of node: Int) -> ByteString { withText(of: node) { ByteString(Array($0)) } }

    /// The JSON pointer of a value, or of the member that a key names.
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

    /// The part of a pointer that leads from a container to the value in it that is, or holds, the target; and that value.
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
