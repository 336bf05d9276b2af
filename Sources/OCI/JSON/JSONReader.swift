import Bytes
import CYAJL

extension JSONValue {
    /// The deepest nesting that is accepted. A config has at most seven levels (an argument in a seccomp profile), and
    /// functions that walk through a document recursively need a limit, because their stack has one.
    public static let maximumDepth = 64

    /// The length in bytes of the longest text from outside that is accepted. The largest config known from an engine has about 20,000
    /// bytes.
    public static let maximumLength = 16 << 20

    /// Reads one document in UTF-8.
    ///
    /// Duplicate keys are refused. Programs that disagree on which of the two counts have let configurations pass checks that
    /// they should have failed.
    ///
    /// - Parameters:
    ///   - text: The document.
    ///   - limit: The length in bytes of the longest text that is accepted.
    /// - Throws: The reason why the text isn't accepted, and the place in the text.
    public init(parsing text: [UInt8], upTo limit: Int = maximumLength) throws(JSONError) {
        guard text.count <= limit else { throw JSONError(.tooLong, offset: limit) }
        let (nodes, unescaped) = try text.withUnsafeBufferPointer { bytes throws(JSONError) in
            if let offset = firstUnacceptableByte(of: bytes) {
                let isNUL = ByteString(Array(UnsafeBufferPointer(rebasing: bytes[offset...].prefix(6)))) == #"\u0000"#
                throw JSONError(isNUL ? .nul : .encoding, offset: offset, pointer: pointer(to: offset, in: bytes))
            }
            var builder = JSONBuilder(bytes)
            try builder.read()
            return (builder.nodes, builder.unescaped)
        }
        document = JSONDocument(text: text, unescaped: unescaped, nodes: nodes)
        node = 0
    }
}

/// The JSON pointer of the value that holds the byte at `offset`. The function parses the text before that byte to find it.
private func pointer(to offset: Int, in text: UnsafeBufferPointer<UInt8>) -> String {
    var builder = JSONBuilder(UnsafeBufferPointer(rebasing: text[..<offset]))
    do throws(JSONError) {
        try builder.read()
        return ""
    } catch {
        return builder.pointerToNext
    }
}

/// Makes the list of nodes in yajl's callbacks.
private struct JSONBuilder {
    typealias Node = JSONDocument.Node

    /// An array or object whose end the parser hasn't reached.
    struct Container {
        var node: Int
        var count: UInt32 = 0
    }

    let text: UnsafeBufferPointer<UInt8>
    private(set) var nodes: [Node] = []
    private(set) var unescaped: [UInt8] = []
    private var innermost = Container(node: -1)
    private var outer: [Container] = []
    private var refusal: JSONError.Reason?

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        nodes.reserveCapacity(text.count / 8 + 8)
        outer.reserveCapacity(16)
    }

    mutating func read() throws(JSONError) {
        var callbacks = JSONBuilder.callbacks
        let failure = withUnsafeMutablePointer(to: &self) { builder -> JSONError? in
            let handle = yajl_alloc(&callbacks, nil, builder)
            defer { yajl_free(handle) }
            c_yajl_skip_utf8_check(handle)
            let text = builder.pointee.text
            guard yajl_parse(handle, text.baseAddress, text.count) == yajl_status_ok else {
                return builder.pointee.error(.syntax, at: offsetOfError(of: handle))
            }
            guard yajl_complete_parse(handle) == yajl_status_ok else {
                return builder.pointee.error(isBlank(text) ? .empty : .truncated, at: text.count)
            }
            return nil
        }
        if let failure { throw failure }
    }

    // `reason` is what yajl found. If one of the callbacks below ended the parse, `refusal` has the reason.
    private mutating func error(_ reason: JSONError.Reason, at offset: Int) -> JSONError {
        guard innermost.node >= 0 else { return JSONError(refusal ?? reason, offset: offset) }
        for container in outer + [innermost] where container.node >= 0 { nodes[container.node].end = UInt32(nodes.count + 1) }
        let read = JSONDocument(text: Array(text), unescaped: unescaped, nodes: nodes)
        return JSONError(refusal ?? reason, offset: offset, pointer: read.pointer(to: innermost.node))
    }

    /// After an error: the JSON pointer of the value that would have come next. If a key would have come next, the pointer of
    /// its object.
    var pointerToNext: String {
        guard innermost.node >= 0 else { return "" }
        var child = innermost.node + 1
        if nodes[innermost.node].kind == .object {
            while child + 1 < nodes.count { child = Int(nodes[child + 1].end) }
            if child >= nodes.count { child = innermost.node }
        } else {
            child = nodes.count
        }
        let next = Node(kind: .null, end: UInt32(nodes.count + 1))
        return JSONDocument(text: Array(text), unescaped: unescaped, nodes: nodes + [next]).pointer(to: child)
    }
}

/// The offset of the byte that yajl refused. yajl has consumed the byte if its parser refused it, or if its lexer knows no
/// token that begins with it. After any other error of the lexer, the lexer has put the byte back.
private func offsetOfError(of handle: yajl_handle?) -> Int {
    let consumed = yajl_get_bytes_consumed(handle)
    guard let text = yajl_get_error(handle, 0, nil, 0) else { return consumed }
    defer { yajl_free_error(handle, text) }
    let message = text.withMemoryRebound(to: CChar.self, capacity: 1) { ByteString(cString: $0) }
    let isPutBack = message.hasPrefix("lexical error: ") && !message.hasPrefix("lexical error: invalid char in json")
    return isPutBack ? consumed : max(consumed, 1) - 1
}

private func isBlank(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
}

// yajl's callbacks. A callback that returns 0 ends the parse.
extension JSONBuilder {
    static let callbacks = yajl_callbacks(
        yajl_null: { of($0).pointee.add(.null) },
        yajl_boolean: { of($0).pointee.add($1 != 0 ? .true : .false) },
        yajl_integer: nil,
        yajl_double: nil,
        yajl_number: { of($0).pointee.add(.number, UnsafeRawPointer($1)?.assumingMemoryBound(to: UInt8.self), $2) },
        yajl_string: { of($0).pointee.add(.string, $1, $2) },
        yajl_start_map: { of($0).pointee.begin(.object) },
        yajl_map_key: { of($0).pointee.addKey($1, $2) },
        yajl_end_map: { of($0).pointee.endObject() },
        yajl_start_array: { of($0).pointee.begin(.array) },
        yajl_end_array: { of($0).pointee.end() }
    )

    private static func of(_ context: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<JSONBuilder> {
        // Never nil: yajl passes on the context that yajl_alloc got.
        context.unsafelyUnwrapped.assumingMemoryBound(to: JSONBuilder.self)
    }

    private mutating func refuse(_ reason: JSONError.Reason) -> Int32 {
        refusal = reason
        return 0
    }

    private mutating func add(_ kind: Node.Kind) -> Int32 {
        innermost.count += 1
        nodes.appendInline(Node(kind: kind, end: UInt32(nodes.count + 1)))
        return 1
    }

    private mutating func add(_ kind: Node.Kind, _ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        innermost.count += 1
        return addText(kind, start, count)
    }

    /// Doesn't count the key: `add` and `begin` count its value.
    private mutating func addKey(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 { addText(.string, start, count) }

    /// Adds a number, a string or a key. If it has no escapes, yajl's pointer leads into the document's text.
    private mutating func addText(_ kind: Node.Kind, _ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        var node = Node(kind: kind, count: UInt32(count), end: UInt32(nodes.count + 1))
        if let start, let base = text.baseAddress, start >= base, start <= base + text.count {
            node.start = UInt32(start - base)
        } else {
            node.isUnescaped = true
            node.start = UInt32(unescaped.count)
            unescaped.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
        }
        nodes.appendInline(node)
        return 1
    }

    private mutating func begin(_ kind: Node.Kind) -> Int32 {
        guard outer.count < JSONValue.maximumDepth else { return refuse(.tooDeep) }
        _ = add(kind)
        outer.append(innermost)
        innermost = Container(node: nodes.count - 1)
        return 1
    }

    private mutating func end() -> Int32 {
        nodes[innermost.node].end = UInt32(nodes.count)
        nodes[innermost.node].count = innermost.count
        innermost = outer.removeLast()
        return 1
    }

    private mutating func endObject() -> Int32 {
        if let key = duplicateKey(of: innermost) { return refuse(.duplicateKey(key)) }
        return end()
    }
}

// The search for duplicate keys.
extension JSONBuilder {
    /// A key of an object that equals another one of its keys.
    private func duplicateKey(of object: Container) -> ByteString? {
        guard object.count > 1 else { return nil }
        // Comparing each key with all earlier ones takes quadratic time, and an attacker could choose the number of keys.
        let duplicate = object.count > 16 ? duplicateOfMany(in: object) : duplicateOfFew(in: object)
        return duplicate.map { withBytes(of: $0) { ByteString(Array($0)) } }
    }

    private func duplicateOfFew(in object: Container) -> Int? {
        var key = object.node + 1
        while key < nodes.count {
            var earlier = object.node + 1
            while earlier < key {
                if nodes[earlier].count == nodes[key].count, compare(earlier, key) == 0 { return key }
                earlier = Int(nodes[earlier + 1].end)
            }
            key = Int(nodes[key + 1].end)
        }
        return nil
    }

    /// Sorts the keys, which makes equal keys neighbours.
    private func duplicateOfMany(in object: Container) -> Int? {
        var keys: [Int] = []
        keys.reserveCapacity(Int(object.count))
        var key = object.node + 1
        while key < nodes.count {
            keys.append(key)
            key = Int(nodes[key + 1].end)
        }
        keys = keys.ordered { compare($0, $1) < 0 }
        return zip(keys, keys.dropFirst()).first { compare($0, $1) == 0 }?.1
    }

    private func withBytes<Result>(of key: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let range = Int(nodes[key].start)..<Int(nodes[key].start) + Int(nodes[key].count)
        guard nodes[key].isUnescaped else { return body(UnsafeBufferPointer(rebasing: text[range])) }
        return unescaped.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    /// Orders keys by length, then by bytes: most keys differ in their length already.
    private func compare(_ left: Int, _ right: Int) -> Int {
        let difference = Int(nodes[left].count) - Int(nodes[right].count)
        guard difference == 0 else { return difference }
        return withBytes(of: left) { left in
            withBytes(of: right) { right in
                for index in left.indices where left[index] != right[index] { return Int(left[index]) - Int(right[index]) }
                return 0
            }
        }
    }
}
