// Comparisons of bytes in blocks: a program that is optimised for size compares arrays and buffers byte by byte, with a check of
// the index for each.

extension UnsafeBufferPointer<UInt8> {
    /// Whether these are the bytes of `text`. Most comparisons end with the lengths, before any call.
    @inline(__always)
    public func equals(_ text: StaticString) -> Bool {
        guard let start = baseAddress else { return text.utf8CodeUnitCount == 0 }
        return count == text.utf8CodeUnitCount && areSame(start, text.utf8Start, count)
    }

    /// Whether both have the same bytes.
    @inline(__always)
    public func equals(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let left = baseAddress, let right = other.baseAddress else { return count == other.count }
        return count == other.count && areSame(left, right, count)
    }
}

@inline(never)
private func areSame(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (left, right) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
    var index = 0
    while index + 8 <= count {
        guard
            left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                == right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        else { return false }
        index += 8
    }
    while index < count {
        guard left.load(fromByteOffset: index, as: UInt8.self) == right.load(fromByteOffset: index, as: UInt8.self) else {
            return false
        }
        index += 1
    }
    return true
}
