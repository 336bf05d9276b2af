import Bytes

/// The rules for text on the wire: D-Bus Specification, "Type System" and "Marshaling (Wire Format)".
enum WireText {
    /// Whether the bytes are UTF-8 without NUL.
    static func isString(_ text: ArraySlice<UInt8>) -> Bool {
        text.withUnsafeBufferPointer { text in
            var index = 0
            while index < text.count {
                guard text[index] != 0, let length = text.characterLength(at: index) else { return false }
                index += length
            }
            return true
        }
    }

    /// Whether the text is an object path: "/", or elements of letters, digits and "_", each after a "/".
    static func isObjectPath(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.first == slash else { return false }
        guard text.count > 1 else { return true }
        var previous: UInt8 = 0
        for byte in text {
            guard byte == slash ? previous != slash : isNameByte(byte) else { return false }
            previous = byte
        }
        return previous != slash
    }

    /// Whether the text is a signature: any number of complete types.
    static func isSignature(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count <= MessageLimit.signature else { return false }
        var rest = text
        while !rest.isEmpty {
            guard let length = typeLength(in: rest, depth: 0) else { return false }
            rest = rest.dropFirst(length)
        }
        return true
    }

    /// The length of the complete type with which a signature begins; nil if none begins there.
    ///
    /// - Parameters:
    ///   - text: the signature.
    ///   - depth: how many containers the type is in.
    /// - Returns: the number of bytes.
    static func typeLength(in text: ArraySlice<UInt8>, depth: Int) -> Int? {
        guard let first = text.first, depth <= MessageLimit.depth else { return nil }
        switch first {
        case UInt8(ascii: "a"):
            let element = text.dropFirst()
            let length =
                element.first == UInt8(ascii: "{")
                ? entryLength(in: element, depth: depth + 1) : typeLength(in: element, depth: depth + 1)
            return length.map { $0 + 1 }
        case UInt8(ascii: "("):
            return membersLength(in: text, end: UInt8(ascii: ")"), depth: depth).flatMap { $0.count > 0 ? $0.length : nil }
        case UInt8(ascii: "v"): return 1
        default: return basicSize(first) == nil ? nil : 1
        }
    }

    /// The length of a dictionary entry, which occurs only as the element of an array: a key of a basic type, and a value.
    private static func entryLength(in text: ArraySlice<UInt8>, depth: Int) -> Int? {
        guard let key = text.dropFirst().first, basicSize(key) != nil else { return nil }
        return membersLength(in: text, end: UInt8(ascii: "}"), depth: depth).flatMap { $0.count == 2 ? $0.length : nil }
    }

    private static func membersLength(in text: ArraySlice<UInt8>, end: UInt8, depth: Int) -> (length: Int, count: Int)? {
        var rest = text.dropFirst()
        var count = 0
        while let first = rest.first, first != end {
            guard let length = typeLength(in: rest, depth: depth + 1) else { return nil }
            rest = rest.dropFirst(length)
            count += 1
        }
        return rest.isEmpty ? nil : (text.count - rest.count + 1, count)
    }

    /// The size, which is also the alignment, of a basic type's fixed part; nil for other types. Type h, a descriptor, is the
    /// number of one that comes with the message.
    static func basicSize(_ type: UInt8) -> Int? {
        switch type {
        case UInt8(ascii: "y"), UInt8(ascii: "g"): 1
        case UInt8(ascii: "n"), UInt8(ascii: "q"): 2
        case UInt8(ascii: "b"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "s"), UInt8(ascii: "o"), UInt8(ascii: "h"):
            4
        case UInt8(ascii: "x"), UInt8(ascii: "t"), UInt8(ascii: "d"): 8
        default: nil
        }
    }

    /// The alignment of the type that begins with this byte.
    static func alignment(_ type: UInt8) -> Int {
        switch type {
        case UInt8(ascii: "a"): 4
        case UInt8(ascii: "("), UInt8(ascii: "{"): 8
        case UInt8(ascii: "v"): 1
        default: basicSize(type) ?? 1
        }
    }

    private static let slash = UInt8(ascii: "/")

    private static func isNameByte(_ byte: UInt8) -> Bool { byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") }
}
