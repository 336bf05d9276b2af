import Bytes
import OCI

/// The rules of a profile, ready to be applied to the calls of an architecture.
///
/// - A rule that says what would happen anyway is left out, as runc does.
/// - A rule without comparisons is stronger than those with; among several, the first counts, as with libseccomp.
/// - Of those with comparisons, the first one that's met decides.
struct FilterRules {
    private struct Rule {
        let names: [ByteString]
        let action: FilterAction
        /// In one of them, all comparisons must hold. None at all for a rule without comparisons.
        let alternatives: [[Comparison]]

        init(_ rule: Seccomp.Rule) {
            names = rule.names
            action = FilterAction(rule.action, errnoRet: rule.errnoRet)
            let comparisons = rule.args.map { Comparison($0) }
            // libseccomp looks at an argument but once in a rule. So one that compares an argument again counts as a list of
            // alternatives, in all its comparisons: so runc has it, and profiles rely on it.
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
    private struct Mention {
        /// The call's number in the upper half, the rule's place in the lower: in their order, the mentions are sorted.
        let key: UInt64
        /// Where several calls share the number: what the first argument is for this one.
        let selector: UInt8?

        init(number: UInt32, rule: Int, selector: UInt8?) {
            key = UInt64(number) << 32 | UInt64(rule)
            self.selector = selector
        }

        var number: UInt32 { UInt32(truncatingIfNeeded: key >> 32) }
        var rule: Int { Int(key & 0xFFFF_FFFF) }
    }

    private let defaultAction: FilterAction
    /// What calls get that are newer than all that the profile names: nil for what all unnamed ones get.
    private let newerAction: FilterAction?
    private let rules: [Rule]

    /// A C library tries a new system call first and falls back to an older one if the kernel says ENOSYS, not if it says EPERM. A
    /// profile that lists what's allowed can't list what didn't exist when it was written, so to a refusal by error number belongs
    /// ENOSYS for whatever lies beyond the newest call that it names. Profiles that kill, trap, notify, trace, log or allow by
    /// default mean each call that they don't name.
    init(_ profile: Seccomp) {
        defaultAction = FilterAction(profile.defaultAction, errnoRet: profile.defaultErrnoRet)
        newerAction = profile.defaultAction == .errno ? .noSuchCall : nil
        rules = profile.rules.map { Rule($0) }
    }

    /// The verdicts on the numbers of architectures that share an audit token.
    func numberLine(for architectures: [Architecture]) -> NumberLine {
        var line = NumberLine()
        let ordinary = Verdict(otherwise: defaultAction)
        for architecture in architectures.ordered(by: { $0.numbers.lowerBound < $1.numbers.lowerBound }) {
            add(architecture, to: &line)
            line.add(Verdict(otherwise: .kill), from: architecture.numbers.upperBound)
        }
        // Negative numbers aren't those of any call: a tracer skips one by them.
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

    /// By ascending numbers, and for each number in the order of the rules.
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

    private func verdict(of mentions: ArraySlice<Mention>) -> Verdict {
        var verdict = Verdict(otherwise: defaultAction)
        var weaker: [Verdict.Case] = []
        for mention in mentions {
            let rule = rules[mention.rule]
            guard rule.action != defaultAction else { continue }
            switch (mention.selector, rule.alternatives.isEmpty) {
            case (nil, true): return Verdict(otherwise: rule.action)
            case (nil, false): weaker += rule.alternatives.map { Verdict.Case(comparisons: $0, action: rule.action) }
            case (let selector?, true): verdict.cases.append(Self.shared(selector, rule.action))
            case (let selector?, false):
                // The arguments that the rule compares lie in memory, where no filter looks: so it's taken as met where it forbids,
                // and as not met where it allows.
                if !rule.action.permits { weaker.append(Self.shared(selector, rule.action)) }
            }
        }
        verdict.cases += weaker
        return verdict
    }

    /// ipc(2) takes a version in the upper half of its first argument, and goes by the lower one alone.
    private static func shared(_ selector: UInt8, _ action: FilterAction) -> Verdict.Case {
        Verdict.Case(comparisons: [Comparison(firstArgumentEquals: UInt64(selector), mask: 0xFFFF)], action: action)
    }
}
