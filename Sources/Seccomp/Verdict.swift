/// The filter's decision on one system call.
struct Verdict {
    /// An action for calls whose arguments satisfy all the comparisons.
    struct Case {
        let comparisons: [Comparison]
        let action: FilterAction
        /// The index of the rule in the profile.
        let rule: Int
    }

    /// The first case whose comparisons hold decides.
    var cases: [Case] = []
    /// The action if no case applies.
    var otherwise: FilterAction
    /// The index of the rule that `otherwise` comes from; nil for the default action and for calls that the profile doesn't know.
    var rule: Int?

    /// Whether the filter needn't distinguish two calls. Verdicts that depend on arguments are never the same.
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
