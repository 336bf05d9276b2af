/// The verdicts on all numbers of system calls, in the order of the numbers.
struct NumberLine {
    /// The numbers from `first` up to the next section.
    private struct Section {
        let first: UInt32
        let verdict: Verdict
        let isNarrow: Bool
    }

    private var sections: [Section] = []

    /// Adds the verdict on the numbers from `first` up to the next number that is added. Numbers must be added in ascending
    /// order. If a number is added twice, the last verdict counts.
    mutating func add(_ verdict: Verdict, from first: UInt32, isNarrow: Bool = false) {
        if let last = sections.last, last.first == first { sections.removeLast() }
        if let last = sections.last, last.verdict.isSame(as: verdict) { return }
        sections.append(Section(first: first, verdict: verdict, isNarrow: isNarrow))
    }

    /// A binary search for the number in the accumulator, and the verdict on the number.
    ///
    /// Before the verdict, the program looks only at the number and the architecture. So when the kernel loads the filter, it
    /// can find out which calls are allowed whatever their arguments are, and doesn't run the filter for them (since kernel
    /// 5.11).
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
