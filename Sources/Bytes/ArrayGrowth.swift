// The standard library's `append` is inlined into every caller: about 100 bytes each time, with its checks whether the storage
// has other owners and enough room. This function has the same name and effect, is preferred by the compiler, and is compiled
// once for each type of element. See StringGrowth.swift.

extension Array {
    @inline(never)
    public mutating func append(_ element: __owned Element) { appendInline(element) }
}

extension RangeReplaceableCollection {
    /// Appends an element without a function call, for the few loops in which the call would cost too much time. In this
    /// extension `append` is the protocol's requirement, which the standard library's function fulfils.
    @inline(__always)
    public mutating func appendInline(_ element: __owned Element) { append(element) }
}

// The standard library's functions copy bytes one by one in a program that is optimised for size. These functions have the same
// names and effects, are preferred by the compiler, and copy blocks.

extension [UInt8] {
    @inline(never)
    public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        appendInline(byte)
    }

    @inline(never)
    public mutating func append(contentsOf bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        if count + bytes.count > capacity { grow(by: bytes.count) }
        append(addingCapacity: bytes.count) { output in
            output.withUnsafeMutableBufferPointer { room, filled in
                UnsafeMutableRawBufferPointer(room).baseAddress?.advanced(by: filled).copyMemory(
                    from: start, byteCount: bytes.count)
                filled += bytes.count
            }
        }
    }

    @inline(never)
    public mutating func append(contentsOf bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append(contentsOf: $0) } }

    public static func += (left: inout [UInt8], right: [UInt8]) { left.append(contentsOf: right) }

    /// Makes room for at least this many bytes behind the present ones.
    @inline(never)
    private mutating func grow(by more: Int) {
        self = [UInt8](unsafeUninitializedCapacity: Swift.max(2 * capacity, count + more, 24)) { room, filled in
            withUnsafeBytes { UnsafeMutableRawBufferPointer(room).copyMemory(from: $0) }
            filled = count
        }
    }
}
