public import Bytes
public import Errors

/// A config.json from which wrong values can be taken out, so that the decoder finds what else is wrong.
///
/// The decoder stops at the first error. `mend` takes out the value that the error names, and the next decoding goes on behind
/// it. So each error is the one that the decoder would report if those before it were corrected, in the same words.
public struct ConfigDraft {
    private typealias Node = JSONDocument.Node

    private var document: JSONDocument
    /// The elements of arrays that were taken out, by their places in the file.
    private var removed: [(array: ByteString, index: Int)] = []

    /// Reads the text of a config.json.
    ///
    /// - Throws: `invalidConfig` if it isn't JSON.
    public init(parsing text: [UInt8]) throws(RuntimeError) { document = try JSONValue(config: text).document }

    /// Decodes what is left of the file, without `Config.validate`.
    public func decoded() throws(RuntimeError) -> Config { try Config(decoding: JSONValue(document: document, node: 0)) }

    /// Takes out the value that an error names. If the value isn't there, puts in a substitute, or takes out what lacks it.
    ///
    /// - Parameter pointer: The JSON pointer of the error.
    /// - Returns: false if nothing can be done.
    public mutating func mend(_ pointer: String) -> Bool {
        let parts = ConfigDraft.parts(of: pointer)
        let (places, isThere) = places(of: parts)
        if !isThere {
            if insertSubstitute(for: parts, in: places.last?.value ?? 0) { return true }
            // Nearly everything is in one of the objects of the top level.
            guard places.count > 1 || parts.count == 1 else { return false }
        }
        guard let place = places.last else { return false }
        if let index = place.index {
            let array = ConfigDraft.original(parts.prefix(places.count - 1), removed)
            removed.append((array, ConfigDraft.originalIndex(index, in: array, removed)))
        }
        replace(place.first..<Int(document.nodes[place.value].end), in: place.container, by: [], change: -1)
        return true
    }

    /// The pointer to the same value in the file, before anything was taken out.
    public func original(_ pointer: String) -> String {
        let (head, tail) = ConfigDraft.cut(pointer)
        guard !head.isEmpty else { return pointer }
        return ConfigDraft.original(ConfigDraft.parts(of: head.displayText)[...], removed).displayText + tail.displayText
    }

    /// A key that may be meant for a required property that is missing.
    ///
    /// - Parameter pointer: The JSON pointer of the property.
    /// - Returns: The JSON pointer of the key, and the property's name; nil if there is no such key.
    public func misspelt(_ pointer: String) -> (key: String, name: ByteString)? {
        let parts = ConfigDraft.parts(of: pointer)
        let (places, isThere) = places(of: parts)
        guard !isThere, places.count == parts.count - 1, let name = parts.last else { return nil }
        let object = JSONValue(document: document, node: places.last?.value ?? 0)
        for member in object.members where member.key.nearest(among: [name]) != nil {
            return (original(document.pointer(to: member.node)), name)
        }
        return nil
    }

    // MARK: Places

    /// A value in an object or array.
    private final class Place {
        let container: Int
        /// The node of the value, or of its key.
        let first: Int
        let value: Int
        /// The index in an array.
        let index: Int?

        init(container: Int, first: Int, value: Int, index: Int?) {
            self.container = container
            self.first = first
            self.value = value
            self.index = index
        }
    }

    /// The pointer without what errors add to it, as in "/mounts/3 (/data)".
    public static func plain(_ pointer: String) -> ByteString { cut(pointer).0 }

    /// That, and the addition.
    private static func cut(_ pointer: String) -> (ByteString, ByteString) {
        let text = ByteString(pointer)
        for index in text.bytes.indices.dropLast() where text.bytes[index] == 0x20 && text.bytes[index + 1] == UInt8(ascii: "(") {
            return (ByteString(text.bytes[..<index]), text.dropFirst(index))
        }
        return (text, "")
    }

    private static func parts(of pointer: String) -> [ByteString] {
        Array(cut(pointer).0.split(separator: UInt8(ascii: "/")).dropFirst())
    }

    /// The values on the way to a pointer, as far as they're there.
    private func places(of parts: [ByteString]) -> (places: [Place], isThere: Bool) {
        var places: [Place] = []
        for part in parts {
            guard let place = place(of: part, in: places.last?.value ?? 0) else { return (places, false) }
            places.append(place)
        }
        return (places, true)
    }

    private func place(of part: ByteString, in container: Int) -> Place? {
        let value = JSONValue(document: document, node: container)
        for member in value.members where ByteString(member.key.escapedForJSONPointer) == part {
            return Place(container: container, first: member.node, value: member.node + 1, index: nil)
        }
        guard let wanted: Int = part.decimal() else { return nil }
        var index = 0
        for element in value.elements {
            if index == wanted { return Place(container: container, first: element.node, value: element.node, index: index) }
            index += 1
        }
        return nil
    }

    // MARK: Elements that were taken out

    private static func original(_ parts: ArraySlice<ByteString>, _ removed: [(array: ByteString, index: Int)]) -> ByteString {
        var pointer: ByteString = ""
        for part in parts {
            let index = part.decimal().map { ByteString(decimal: originalIndex($0, in: pointer, removed)) }
            pointer = pointer + "/" + (index ?? part)
        }
        return pointer
    }

    private static func originalIndex(_ index: Int, in array: ByteString, _ removed: [(array: ByteString, index: Int)]) -> Int {
        var index = index
        for gap in removed.filter({ $0.array == array }).map({ $0.index }).ordered() where gap <= index { index += 1 }
        return index
    }

    // MARK: Changes

    /// Replaces nodes inside an array or object, which then has `change` more elements or members.
    private mutating func replace(_ range: Range<Int>, in container: Int, by new: [Node], change: Int) {
        var nodes = document.nodes
        let growth = new.count - range.count
        // What ends before the range isn't moved; what ends behind it, or around it, is.
        for index in nodes.indices where Int(nodes[index].end) >= range.upperBound && !range.contains(index) {
            nodes[index].end = UInt32(Int(nodes[index].end) + growth)
        }
        nodes.replaceSubrange(range, with: new)
        nodes[container].count = UInt32(Int(nodes[container].count) + change)
        document = JSONDocument(text: document.text, unescaped: document.unescaped, nodes: nodes)
    }

    private mutating func insertSubstitute(for parts: [ByteString], in container: Int) -> Bool {
        guard let name = parts.last, document.nodes[container].kind == .object else { return false }
        let pointer = parts.reduce("") { $0 + "/" + $1 } as ByteString
        // The shortest values: without them, the decoder wouldn't look at the rest.
        switch pointer {
        case "/root": insert(name, .object, [], in: container)
        case "/ociVersion": insert(name, .string, ["1.0.0"], in: container)
        case "/root/path", "/process/cwd": insert(name, .string, ["/"], in: container)
        case "/process/args": insert(name, .array, ["/"], in: container)
        default: return false
        }
        return true
    }

    /// Puts a member before the others of an object: a string, an array of strings or an empty object.
    private mutating func insert(_ name: ByteString, _ kind: Node.Kind, _ texts: [ByteString], in container: Int) {
        let first = container + 1
        var unescaped = document.unescaped
        var nodes: [Node] = []
        for (index, text) in ([name] + texts).enumerated() {
            // An array or object comes between its key and its elements.
            if index == 1, kind != .string { nodes.append(Node(kind: kind, count: UInt32(texts.count), end: 0)) }
            nodes.append(
                Node(kind: .string, isUnescaped: true, start: UInt32(unescaped.count), count: UInt32(text.count), end: 0))
            unescaped += text.bytes
        }
        if texts.isEmpty { nodes.append(Node(kind: kind, end: 0)) }
        for index in nodes.indices { nodes[index].end = UInt32(first + index + 1) }
        nodes[1].end = UInt32(first + nodes.count)
        document = JSONDocument(text: document.text, unescaped: unescaped, nodes: document.nodes)
        replace(first..<first, in: container, by: nodes, change: 1)
    }
}
