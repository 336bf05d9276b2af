/// A text that grows at its end. An array would check at each byte whether it has other owners.
public struct ByteBuffer: ~Copyable {
    private var start: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0

    /// An empty text. It grows beyond `capacity` if needed.
    public init(capacity: Int) {
        self.capacity = capacity
        start = .allocate(capacity: capacity)
    }

    deinit { start.deallocate() }

    @inline(never)
    public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        (start + count).initialize(to: byte)
        count += 1
    }

    @inline(never)
    public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let first = bytes.baseAddress else { return }
        if bytes.count > capacity - count { grow(by: bytes.count) }
        UnsafeMutableRawPointer(start + count).copyMemory(from: first, byteCount: bytes.count)
        count += bytes.count
    }

    public mutating func append(_ text: StaticString) { text.withUTF8Buffer { append($0) } }

    // A literal is a StaticString.
    @_disfavoredOverload
    public mutating func append(_ text: ByteString) { text.bytes.withUnsafeBufferPointer { append($0) } }

    @inline(never)
    private mutating func grow(by more: Int) {
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        UnsafeMutableRawPointer(larger).copyMemory(from: start, byteCount: count)
        start.deallocate()
        start = larger
    }

    /// A copy of the text.
    public var bytes: [UInt8] { ByteString(copying: UnsafeBufferPointer(start: start, count: count)).bytes }
}
