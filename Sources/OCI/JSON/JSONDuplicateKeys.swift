import Bytes

// The search for duplicate keys.
extension JSONBuilder {
    /// A key of an object that equals another one of its keys.
    func duplicateKey(of object: Int) -> ByteString? {
        let count = nodes[object].count
        guard count > 1 else { return nil }
        // Comparing each key with all earlier ones takes quadratic time, and an attacker could choose the number of keys.
        let duplicate = count > 16 ? duplicateOfMany(in: object) : duplicateOfFew(in: object)
        return duplicate.map { withBytes(of: $0) { ByteString(copying: $0) } }
    }

    private func duplicateOfFew(in object: Int) -> Int? {
        var key = object + 1
        while key < nodes.count {
            var earlier = object + 1
            while earlier < key {
                if nodes[earlier].count == nodes[key].count, compare(earlier, key) == 0 { return key }
                earlier = Int(nodes[earlier + 1].end)
            }
            key = Int(nodes[key + 1].end)
        }
        return nil
    }

    /// Sorts the keys, which makes equal keys neighbours.
    private func duplicateOfMany(in object: Int) -> Int? {
        var keys: [Int] = []
        keys.reserveCapacity(Int(nodes[object].count))
        var key = object + 1
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
