/// What a filter says to one system call.
struct Verdict {
    /// An action for calls whose arguments meet all the comparisons.
    struct Case {
        let comparisons: [Comparison]
        let action: FilterAction
    }

    /// The first one that's met decides.
    var cases: [Case] = []
    /// The answer to the rest.
    var otherwise: FilterAction

    /// Whether two calls need no telling apart. Those whose arguments count always do.
    func isSame(as other: Verdict) -> Bool { cases.isEmpty && other.cases.isEmpty && otherwise == other.otherwise }

    func instructions(isNarrow: Bool) -> [Instruction] {
        var instructions: [Instruction] = []
        for item in cases {
            instructions += Comparison.instructions(item.comparisons, isNarrow: isNarrow, behind: 1)
            instructions.append(.answer(item.action))
        }
        return instructions + [.answer(otherwise)]
    }
}
