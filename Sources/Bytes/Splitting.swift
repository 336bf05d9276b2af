// The standard library's `split` takes 1 KB of code for each type of collection and each closure. These functions for bytes
// have the same names and effect.

extension ArraySlice<UInt8> {
    @inline(never)
    public func split(separator: UInt8, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = startIndex
        for index in indices where self[index] == separator && parts.count < maxSplits {
            if index > start || !omittingEmptySubsequences { parts.append(self[start..<index]) }
            start = index + 1
        }
        if start < endIndex || !omittingEmptySubsequences { parts.append(self[start...]) }
        return parts
    }
}

extension [UInt8] {
    public func split(separator: UInt8, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true) -> [ArraySlice<UInt8>] {
        self[...].split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences)
    }
}
