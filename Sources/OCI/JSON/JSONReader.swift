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
            return (builder.nodes.array, builder.unescaped)
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
///
/// While an array or object isn't complete, the `end` of its node is the node of the one around it.
struct JSONBuilder: ~Copyable {
    typealias Node = JSONDocument.Node

    let text: UnsafeBufferPointer<UInt8>
    private(set) var nodes: JSONNodes
    private(set) var unescaped: [UInt8] = []
    /// The node of the innermost array or object that isn't complete.
    private var innermost = JSONBuilder.none
    private var depth = 0
    private var refusal: JSONError.Reason?

    private static let none = UInt32.max

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        nodes = JSONNodes(capacity: text.count / 6 + 8)
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
    private func error(_ reason: JSONError.Reason, at offset: Int) -> JSONError {
        guard innermost != JSONBuilder.none else { return JSONError(refusal ?? reason, offset: offset) }
        return JSONError(refusal ?? reason, offset: offset, pointer: document(nodesBeyond: 0).pointer(to: Int(innermost)))
    }

    /// After an error: the JSON pointer of the value that would have come next. If a key would have come next, the pointer of
    /// its object.
    var pointerToNext: String {
        guard innermost != JSONBuilder.none else { return "" }
        let container = Int(innermost)
        var child = container + 1
        if nodes[container].kind == .object {
            while child + 1 < nodes.count { child = Int(nodes[child + 1].end) }
            if child >= nodes.count { child = container }
        } else {
            child = nodes.count
        }
        return document(nodesBeyond: 1).pointer(to: child)
    }

    /// What was read so far, followed by some nodes that the rest of the text would have.
    private func document(nodesBeyond more: Int) -> JSONDocument {
        var read = nodes.array
        for _ in 0..<more { read.append(Node(kind: .null, end: UInt32(nodes.count + 1))) }
        var container = innermost
        while container != JSONBuilder.none {
            let outer = read[Int(container)].end
            read[Int(container)].end = UInt32(nodes.count + 1)
            container = outer
        }
        return JSONDocument(text: Array(text), unescaped: unescaped, nodes: read)
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

    private mutating func countValue() { if innermost != JSONBuilder.none { nodes[Int(innermost)].count += 1 } }

    private mutating func add(_ kind: Node.Kind) -> Int32 {
        countValue()
        nodes.append(Node(kind: kind, end: UInt32(nodes.count + 1)))
        return 1
    }

    private mutating func add(_ kind: Node.Kind, _ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        countValue()
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
        nodes.append(node)
        return 1
    }

    private mutating func begin(_ kind: Node.Kind) -> Int32 {
        guard depth < JSONValue.maximumDepth else { return refuse(.tooDeep) }
        countValue()
        nodes.append(Node(kind: kind, end: innermost))
        innermost = UInt32(nodes.count - 1)
        depth += 1
        return 1
    }

    private mutating func end() -> Int32 {
        let ended = Int(innermost)
        innermost = nodes[ended].end
        nodes[ended].end = UInt32(nodes.count)
        depth -= 1
        return 1
    }

    private mutating func endObject() -> Int32 {
        if let key = duplicateKey(of: Int(innermost)) { return refuse(.duplicateKey(key)) }
        return end()
    }
}
