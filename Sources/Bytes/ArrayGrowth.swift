// The standard library's own `append` is compiled into every place that uses it: with the check whether the storage has other owners
// and room for one more, some 100 bytes each time. This one has the same name and effect, stands before it in the search, and is compiled
// once for each type of element. See StringGrowth.swift.

extension Array {
    @inline(never)
    public mutating func append(_ element: __owned Element) { appendInline(element) }
}

extension RangeReplaceableCollection {
    /// For the few loops in which a call counts. Here `append` is the protocol's requirement, which the array's own function meets.
    @inline(__always)
    public mutating func appendInline(_ element: __owned Element) { append(element) }
}
