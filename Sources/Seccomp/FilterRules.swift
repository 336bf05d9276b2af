import Bytes
import OCI

/// The rules of a profile, ready to be applied to the calls of an architecture.
///
/// - A rule with the default action is left out, as in runc.
/// - A rule without comparisons takes precedence over rules with comparisons. The first of several such rules counts, as in
///   libseccomp.
/// - Among rules with comparisons, the first one whose comparisons hold decides.
struct FilterRules {
    private struct Rule {
        let names: [ByteString]
        let action: FilterAction
        /// The rule applies if all comparisons of one alternative hold. A rule without comparisons has no alternatives, and
        /// always applies.
        let alternatives: [[Comparison]]

        init(_ rule: Seccomp.Rule) {
            names = rule.names
            action = FilterAction(rule.action, errnoRet: rule.errnoRet)
            let comparisons = rule.args.map { Comparison($0) }
            // libseccomp accepts only one comparison per argument in a rule. If a rule compares an argument twice, runc makes
            // each of the rule's comparisons an alternative, and profiles rely on that.
            var seen: UInt32 = 0
            var repeats = false
            for argument in rule.args {
                repeats = repeats || seen & 1 << argument.index != 0
                seen |= 1 << argument.index
            }
            alternatives = repeats ? comparisons.map { [$0] } : comparisons.isEmpty ? [] : [comparisons]
        }
    }

    /// A rule that names a call.
    struct Mention {
        /// The call's number in the upper half, the rule's index in the lower half. Mentions are sorted by it.
        let key: UInt64
        /// If several calls share the number: the first argument that selects this call.
        let selector: UInt8?

        init(number: UInt32, rule: Int, selector: UInt8?) {
            key = UInt64(number) << 32 | UInt64(rule)
            self.selector = selector
        }

        var number: UInt32 { UInt32(truncatingIfNeeded: key >> 32) }
        var rule: Int { Int(key & 0xFFFF_FFFF) }
    }

    let defaultAction: FilterAction
    /// The action for calls that are newer than all calls that the profile names; nil stands for the default action.
    private let newerAction: FilterAction?
    private let rules: [Rule]

    /// Prepares the rules, and the answer to calls that are newer than the profile.
    ///
    /// A C library tries a new system call first. It falls back to an older one on ENOSYS, but not on EPERM. A profile can't
    /// list calls that didn't exist when it was written. So if the default action is an error number, calls beyond the newest
    /// one that the profile names fail with ENOSYS. With every other default action, these calls get the default action.
    @inline(never)
    init(_ profile: Seccomp) {
        defaultAction = FilterAction(profile.defaultAction, errnoRet: profile.defaultErrnoRet)
        newerAction = profile.defaultAction == .errno ? .noSuchCall : nil
        rules = profile.rules.map { Rule($0) }
    }

    /// The verdicts on the numbers of architectures that have the same AUDIT_ARCH value (x86-64 and x32).
    func numberLine(for architectures: [Architecture]) -> NumberLine {
        var line = NumberLine()
        let ordinary = Verdict(otherwise: defaultAction)
        for architecture in architectures.ordered(by: { $0.numbers.lowerBound < $1.numbers.lowerBound }) {
            add(architecture, to: &line)
            line.add(Verdict(otherwise: .kill), from: architecture.numbers.upperBound)
        }
        // No call has a negative number. A tracer sets one to skip a call.
        line.add(ordinary, from: 0x8000_0000)
        return line
    }

    private func add(_ architecture: Architecture, to line: inout NumberLine) {
        let ordinary = Verdict(otherwise: defaultAction)
        line.add(ordinary, from: architecture.numbers.lowerBound)
        let mentions = mentions(in: architecture)
        let growing = architecture.growingNumbers
        let newest = mentions.last { growing.contains($0.number) }?.number

        var next = mentions.startIndex
        while next < mentions.endIndex {
            let number = mentions[next].number
            let end = mentions[next...].firstIndex { $0.number != number } ?? mentions.endIndex
            line.add(verdict(of: mentions[next..<end]), from: number, isNarrow: architecture.isNarrow)
            line.add(ordinary, from: number + 1)
            if let newerAction, number == newest {
                line.add(Verdict(otherwise: newerAction), from: number + 1)
                line.add(ordinary, from: growing.upperBound)
            }
            next = end
        }
    }

    /// The ways to make a call on an architecture: its numbers, and the selectors of shared calls.
    static func ways(toCall name: ByteString, on architecture: Architecture) -> [Mention] {
        FilterRules(Seccomp(allowing: name)).mentions(in: architecture)
    }

    /// The verdict on one number of an architecture; nil if no rule names the call.
    func verdict(on number: UInt32, of architecture: Architecture) -> Verdict? {
        let mentions = mentions(in: architecture).filter { $0.number == number }
        return mentions.isEmpty ? nil : verdict(of: mentions[...])
    }

    /// The rules' mentions of calls, by ascending numbers, and for each number in the order of the rules.
    @inline(never)
    private func mentions(in architecture: Architecture) -> [Mention] {
        var table = CallTable(architecture)
        var mentions: [Mention] = []
        for index in rules.indices {
            for name in rules[index].names {
                table.forEachCall(named: name) { mentions.append(Mention(number: $0, rule: index, selector: $1)) }
            }
        }
        mentions = mentions.ordered { $0.key < $1.key }
        return mentions
    }

    @inline(never)
    private func verdict(of mentions: ArraySlice<Mention>) -> Verdict {
        var verdict = Verdict(otherwise: defaultAction)
        var weaker: [Verdict.Case] = []
        for mention in mentions {
            let rule = rules[mention.rule]
            guard rule.action != defaultAction else { continue }
            switch (mention.selector, rule.alternatives.isEmpty) {
            case (nil, true): return Verdict(otherwise: rule.action, rule: mention.rule)
            case (nil, false):
                weaker += rule.alternatives.map { Verdict.Case(comparisons: $0, action: rule.action, rule: mention.rule) }
            case (let selector?, true): verdict.cases.append(Self.shared(selector, rule.action, mention.rule))
            case (let selector?, false):
                // The shared call has the arguments in memory, which a filter can't read. To be safe, a rule that forbids the
                // call always applies, and a rule that allows it never does.
                if !rule.action.permits { weaker.append(Self.shared(selector, rule.action, mention.rule)) }
            }
        }
        verdict.cases += weaker
        return verdict
    }

    /// A case for one call that is made through a multiplexer, socketcall(2) or ipc(2). The mask is for ipc(2), which has a version in the upper half of its first
    /// argument and selects the call by the lower half.
    private static func shared(_ selector: UInt8, _ action: FilterAction, _ rule: Int) -> Verdict.Case {
        Verdict.Case(
            comparisons: [Comparison(firstArgumentEquals: UInt64(selector), mask: 0xFFFF)], action: action, rule: rule)
    }
}
