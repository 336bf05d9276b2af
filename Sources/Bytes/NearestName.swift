extension ByteString {
    /// The name that was probably meant: at most a third of its bytes off, counting each one changed, added, left out or
    /// swapped with its neighbour. The case of letters doesn't count. nil where none is that near.
    public func nearest(among names: some Sequence<ByteString>) -> ByteString? {
        var nearest: ByteString?
        var least = max(1, count / 3)
        // Nobody types that much by mistake, and the comparison takes the square of the length.
        guard count <= 64 else { return nil }
        for name in names where name.count <= 64 {
            let distance = ByteString.distance(lowercase(bytes), lowercase(name.bytes))
            guard distance < least || distance == least && nearest == nil else { continue }
            least = distance
            nearest = name
        }
        return nearest
    }

    /// Edit distance with transpositions of neighbours ("optimal string alignment").
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (byte == other ? 0 : 1))
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}

private func lowercase(_ bytes: [UInt8]) -> [UInt8] { bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }
