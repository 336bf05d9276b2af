/// The verdicts on all the numbers that a system call can have, in the order of the numbers.
struct NumberLine {
    /// From `first` to where the next one begins.
    private struct Section {
        let first: UInt32
        let verdict: Verdict
        let isNarrow: Bool
    }

    private var sections: [Section] = []

    /// From `first` on, until another call of this says otherwise. To be called with ascending numbers: the last word on one counts.
    mutating func add(_ verdict: Verdict, from first: UInt32, isNarrow: Bool = false) {
        if let last = sections.last, last.first == first { sections.removeLast() }
        if let last = sections.last, last.verdict.isSame(as: verdict) { return }
        sections.append(Section(first: first, verdict: verdict, isNarrow: isNarrow))
    }

    /// A binary search for the number, which the accumulator has, and the verdict on it.
    ///
    /// Up to the verdict, number and architecture alone are looked at: so the kernel finds out once, when it loads the filter, which
    /// calls are allowed whatever their arguments, and doesn't run it for those (since kernel 5.11).
    func instructions() -> [Instruction] { Self.search(sections[...]) }

    private static func search(_ sections: ArraySlice<Section>) -> [Instruction] {
        guard sections.count > 1 else {
            return sections.first.map { $0.verdict.instructions(isNarrow: $0.isNarrow) } ?? []
        }
        let middle = sections.startIndex + sections.count / 2
        let below = search(sections[..<middle])
        let above = search(sections[middle...])
        let boundary = sections[middle].first
        if let near = UInt8(exactly: below.count) { return [.skip(near, if: .greaterOrEqual, boundary, else: 0)] + below + above }
        return [.skip(0, if: .greaterOrEqual, boundary, else: 1), .skip(below.count)] + below + above
    }
}
