import Bytes
import CYAJL

extension JSONValue {
    /// Nesting beyond this is refused: no config needs a tenth of it, and a stack has an end.
    public static let maximumDepth = 64

    /// Longer texts are refused: the largest that an engine is known to write has some 20,000 bytes.
    public static let maximumLength = 16 << 20

    /// Reads one document in UTF-8. Duplicate keys are refused: readers that disagree on which one counts have let
    /// configurations past the checks made on them.
    public init(parsing text: [UInt8]) throws(JSONError) {
        guard text.count <= JSONValue.maximumLength else { throw JSONError(.tooLong, offset: JSONValue.maximumLength) }
        let builder = JSONBuilder(text)
        try builder.read()
        document = JSONDocument(text: text, unescaped: builder.unescaped, nodes: builder.nodes)
        node = 0
    }
}

/// Makes the list of nodes from yajl's events. A callback that returns 0 ends the parse.
private final class JSONBuilder {
    typealias Node = JSONDocument.Node

    private let text: [UInt8]
    /// Where the text is while yajl reads it: what has no escapes is handed out from there.
    private var base: UnsafePointer<UInt8>?
    private(set) var nodes: [Node] = []
    private(set) var unescaped: [UInt8] = []
    /// The arrays and objects whose end hasn't come.
    private var open: [Int] = []
    private var refusal: JSONError.Reason?

    init(_ text: [UInt8]) {
        self.text = text
        nodes.reserveCapacity(text.count / 8 + 8)
        open.reserveCapacity(16)
    }

    func read() throws(JSONError) {
        if let offset = firstUnacceptableByte(of: text) { throw JSONError(.encoding, offset: offset) }
        var callbacks = JSONBuilder.callbacks
        let handle = yajl_alloc(&callbacks, nil, Unmanaged.passUnretained(self).toOpaque())
        defer { yajl_free(handle) }
        let status = text.withUnsafeBufferPointer { bytes in
            base = bytes.baseAddress
            defer { base = nil }
            return yajl_parse(handle, bytes.baseAddress, bytes.count)
        }
        guard status == yajl_status_ok else { throw error(refusal ?? .syntax, at: yajl_get_bytes_consumed(handle)) }
        guard yajl_complete_parse(handle) == yajl_status_ok else {
            let isEmpty = text.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
            throw error(isEmpty ? .empty : .truncated, at: text.count)
        }
    }

    private func error(_ reason: JSONError.Reason, at offset: Int) -> JSONError {
        guard let innermost = open.last else { return JSONError(reason, offset: offset) }
        for container in open { nodes[container].end = UInt32(nodes.count + 1) }
        let read = JSONDocument(text: text, unescaped: unescaped, nodes: nodes)
        return JSONError(reason, offset: offset, pointer: read.pointer(to: innermost))
    }

    private func refuse(_ reason: JSONError.Reason) -> Int32 {
        refusal = reason
        return 0
    }

    private func add(_ kind: Node.Kind) -> Int32 {
        countElement()
        nodes.append(Node(kind: kind, end: UInt32(nodes.count + 1)))
        return 1
    }

    private func add(_ kind: Node.Kind, _ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        countElement()
        append(kind, start, count)
        return 1
    }

    /// Elements are counted as they begin, members by their keys.
    private func countElement() {
        guard let container = open.last, nodes[container].kind == .array else { return }
        nodes[container].count += 1
    }

    private func append(_ kind: Node.Kind, _ start: UnsafePointer<UInt8>?, _ count: Int) {
        var node = Node(kind: kind, count: UInt32(count), end: UInt32(nodes.count + 1))
        if let start, let base, start >= base, start <= base + text.count {
            node.start = UInt32(start - base)
        } else {
            node.isUnescaped = true
            node.start = UInt32(unescaped.count)
            unescaped.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
        }
        nodes.append(node)
    }

    private func begin(_ kind: Node.Kind) -> Int32 {
        guard open.count < JSONValue.maximumDepth else { return refuse(.tooDeep) }
        let place = nodes.count
        _ = add(kind)
        open.append(place)
        return 1
    }

    private func name(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        append(.string, start, count)
        if let object = open.last { nodes[object].count += 1 }
        return 1
    }

    private func end() -> Int32 {
        guard let container = open.last else { return 0 }
        nodes[container].end = UInt32(nodes.count)
        if nodes[container].kind == .object, let key = duplicateKey(of: container) { return refuse(.duplicateKey(key)) }
        open.removeLast()
        return 1
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> JSONBuilder {
        // Never nil: yajl hands back what yajl_alloc was given.
        Unmanaged<JSONBuilder>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }

    static let callbacks = yajl_callbacks(
        yajl_null: { JSONBuilder.of($0).add(.null) },
        yajl_boolean: { JSONBuilder.of($0).add($1 != 0 ? .true : .false) },
        yajl_integer: nil,
        yajl_double: nil,
        yajl_number: { context, start, count in
            JSONBuilder.of(context).add(.number, UnsafeRawPointer(start)?.assumingMemoryBound(to: UInt8.self), count)
        },
        yajl_string: { JSONBuilder.of($0).add(.string, $1, $2) },
        yajl_start_map: { JSONBuilder.of($0).begin(.object) },
        yajl_map_key: { JSONBuilder.of($0).name($1, $2) },
        yajl_end_map: { JSONBuilder.of($0).end() },
        yajl_start_array: { JSONBuilder.of($0).begin(.array) },
        yajl_end_array: { JSONBuilder.of($0).end() }
    )
}

extension JSONBuilder {
    /// The first key of an object that equals an earlier one of its keys.
    private func duplicateKey(of object: Int) -> ByteString? {
        let keys = keys(of: object)
        guard keys.count > 16 else { return duplicateOfFew(keys) }
        // Looking through all earlier keys takes the square of their number: an attacker's, then. Equal keys become neighbours.
        let sorted = keys.sorted { compare($0, $1) < 0 }
        for (key, next) in zip(sorted, sorted.dropFirst()) where compare(key, next) == 0 { return copy(of: key) }
        return nil
    }

    private func keys(of object: Int) -> [Int] {
        var keys: [Int] = []
        keys.reserveCapacity(Int(nodes[object].count))
        var key = object + 1
        while key < nodes.count {
            keys.append(key)
            key = Int(nodes[key + 1].end)
        }
        return keys
    }

    private func duplicateOfFew(_ keys: [Int]) -> ByteString? {
        for (position, key) in keys.enumerated() {
            for earlier in keys[..<position] where compare(earlier, key) == 0 { return copy(of: key) }
        }
        return nil
    }

    private func bytes(of key: Int) -> ArraySlice<UInt8> {
        let range = Int(nodes[key].start)..<Int(nodes[key].start) + Int(nodes[key].count)
        return nodes[key].isUnescaped ? unescaped[range] : text[range]
    }

    private func copy(of key: Int) -> ByteString { ByteString(bytes(of: key)) }

    /// By length first, then by bytes: most keys differ in the former.
    private func compare(_ left: Int, _ right: Int) -> Int {
        let difference = Int(nodes[left].count) - Int(nodes[right].count)
        guard difference == 0 else { return difference }
        for (a, b) in zip(bytes(of: left), bytes(of: right)) where a != b { return Int(a) - Int(b) }
        return 0
    }
}
