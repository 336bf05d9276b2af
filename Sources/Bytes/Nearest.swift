extension ByteString {
    /// The known name that this text most likely stands for, with its end missing or with mistakes; nil if no name is similar
    /// enough.
    public func nearest(among names: [StaticString]) -> StaticString? {
        place(ofNearestAmong: names.map { ByteString(stringLiteral: $0) }).map { names[$0] }
    }

    /// The same for names that aren't the program's own.
    public func nearest(among names: [ByteString]) -> ByteString? { place(ofNearestAmong: names).map { names[$0] } }

    @inline(never)
    private func place(ofNearestAmong names: [ByteString]) -> Int? {
        if count > 1, let whole = placeOfOnlyOne(of: names, beginningWith: self) { return whole }
        // One mistake for every three letters is allowed, but no more than two: beyond that a guess is more often wrong than
        // right.
        var bound = Swift.min(count / 3, 2) + 1
        var found: Int?
        for (place, name) in names.enumerated() {
            guard let distance = editDistance(bytes, name.bytes, below: bound) else { continue }
            bound = distance
            found = place
        }
        return found
    }
}

/// The place of the only name that begins with `text`; nil if there are none or several.
private func placeOfOnlyOne(of names: [ByteString], beginningWith text: ByteString) -> Int? {
    var found: Int?
    for (place, name) in names.enumerated() where name.hasPrefix(text) {
        guard found == nil else { return nil }
        found = place
    }
    return found
}

/// The number of letters that must be changed, added, removed or swapped with their neighbour to turn one word into the other;
/// nil if it isn't below `bound`.
private func editDistance(_ from: [UInt8], _ to: [UInt8], below bound: Int) -> Int? {
    guard abs(from.count - to.count) < bound else { return nil }
    var beforeLast = [Int](repeating: 0, count: to.count + 1)
    var last = Array(0...to.count)
    for row in from.indices {
        var current = [Int](repeating: row + 1, count: to.count + 1)
        for column in to.indices {
            let change = last[column] + (from[row] == to[column] ? 0 : 1)
            current[column + 1] = min(change, last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, from[row] == to[column - 1], from[row - 1] == to[column] {
                current[column + 1] = min(current[column + 1], beforeLast[column - 1] + 1)
            }
        }
        beforeLast = last
        last = current
    }
    guard let distance = last.last, distance < bound else { return nil }
    return distance
}
