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
