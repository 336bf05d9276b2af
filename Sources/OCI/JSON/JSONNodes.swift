/// The growing list of a document's nodes. An array would check at each node whether it has other owners: that was a third of
/// the time of reading a document.
struct JSONNodes: ~Copyable {
    typealias Node = JSONDocument.Node

    private var room: UnsafeMutablePointer<Node>
    private var capacity: Int
    private(set) var count = 0

    /// An empty list with room for some nodes. It grows when the room is used up.
    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        room = .allocate(capacity: self.capacity)
    }

    deinit { room.deallocate() }

    mutating func append(_ node: Node) {
        if count == capacity { grow() }
        (room + count).initialize(to: node)
        count += 1
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<Node>.allocate(capacity: 2 * capacity)
        UnsafeMutableRawPointer(larger).copyMemory(from: room, byteCount: count * MemoryLayout<Node>.stride)
        room.deallocate()
        room = larger
        capacity *= 2
    }

    subscript(index: Int) -> Node {
        get {
            precondition(index >= 0 && index < count)
            return room[index]
        }
        set {
            precondition(index >= 0 && index < count)
            room[index] = newValue
        }
    }

    /// The nodes as an array.
    var array: [Node] {
        [Node](unsafeUninitializedCapacity: count) { nodes, filled in
            UnsafeMutableRawBufferPointer(nodes).copyMemory(
                from: UnsafeRawBufferPointer(UnsafeBufferPointer(start: room, count: count)))
            filled = count
        }
    }
}
