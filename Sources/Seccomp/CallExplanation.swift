public import Bytes
public import Errors
import Linux
public import OCI

/// What a filter answers to a system call on one architecture, and which rule of the profile decides.
public final class CallExplanation {
    /// The specification's name of the architecture, or "native" for this machine's if the profile doesn't name it.
    public let architecture: ByteString
    /// The number of the call; nil if the architecture doesn't have it.
    public let number: UInt32?
    /// Whether the call is one of several behind this number: those of socketcall(2) or ipc(2).
    public let isShared: Bool
    /// The filter's answer; nil if it depends on arguments that aren't given.
    public let answer: ByteString?
    /// The indices of the rules that decide, or that may decide; empty if no rule names the call.
    public let rules: [Int]
    /// Whether the call is newer than all that the profile names, so that it fails with ENOSYS in place of the default action.
    public let isNewer: Bool

    /// Explains the answers of the filter that is compiled from a profile.
    ///
    /// - Parameters:
    ///   - name: The name of the call.
    ///   - arguments: As many of its first arguments as are known.
    ///   - profile: The profile.
    ///   - program: The filter.
    /// - Returns: An explanation for each way to make the call, on each of the profile's architectures that can occur here.
    /// - Throws: `usage` if no architecture has a call of this name.
    public static func all(
        of name: ByteString, _ arguments: [UInt64], in profile: Seccomp, _ program: SeccompProgram
    ) throws(RuntimeError) -> [CallExplanation] {
        guard CallTable.knows(name) else {
            let near = name.nearest(among: CallTable.nativeNames)
            throw RuntimeError(
                .usage, "libseccomp " + SeccompFeatures.libraryVersion + " knows no call \"" + name.displayText + "\"",
                hint: near.map { "did you mean " + $0.displayText + "?" })
        }
        let rules = FilterRules(profile)
        var found: [CallExplanation] = []
        var hasNative = false
        for label in profile.architectures {
            guard let architecture = Architecture.possible(label) else { continue }
            if architecture == .native { hasNative = true }
            found += explain(name, arguments, rules, program, architecture, label)
        }
        return hasNative ? found : explain(name, arguments, rules, program, .native, "native") + found
    }

    @inline(never)
    private static func explain(
        _ name: ByteString, _ arguments: [UInt64], _ rules: FilterRules, _ program: SeccompProgram, _ architecture: Architecture,
        _ label: ByteString
    ) -> [CallExplanation] {
        var found: [CallExplanation] = []
        for way in FilterRules.ways(toCall: name, on: architecture) {
            // The arguments of a shared call are in memory.
            let arguments = way.selector.map { [UInt64($0)] } ?? arguments
            let call = FilterPreview(architecture: architecture.auditToken, number: way.number, arguments: arguments)
            let verdict = rules.verdict(on: way.number, of: architecture)
            found.append(
                CallExplanation(
                    label, way.number, isShared: way.selector != nil, program.answer(call),
                    verdict?.rules(deciding: call, architecture.isNarrow) ?? [], rules.defaultAction))
        }
        return found.isEmpty ? [CallExplanation(label, nil, isShared: false, nil, [], rules.defaultAction)] : found
    }

    private init(
        _ architecture: ByteString, _ number: UInt32?, isShared: Bool, _ answer: FilterAction?, _ rules: [Int],
        _ otherwise: FilterAction
    ) {
        self.architecture = architecture
        self.number = number
        self.isShared = isShared
        self.answer = answer?.text
        self.rules = rules
        isNewer = rules.isEmpty && answer == .noSuchCall && otherwise != .noSuchCall
    }
}

extension Verdict {
    /// The indices of the rules that decide on a call, or may decide if it has arguments that aren't known.
    fileprivate func rules(deciding call: FilterPreview, _ isNarrow: Bool) -> [Int] {
        var rules: [Int] = []
        func add(_ rule: Int?) { if let rule, !rules.contains(rule) { rules.append(rule) } }
        for item in cases {
            var preview = call
            let test =
                Comparison.instructions(item.comparisons, isNarrow: isNarrow, behind: 1)
                + [.answer(FilterAction(.allow, errnoRet: nil)), .answer(.kill)]
            let holds = test.withUnsafeBufferPointer { preview.answer(of: $0) }?.permits
            guard holds != false else { continue }
            add(item.rule)
            if holds == true { return rules }
        }
        add(rule)
        return rules
    }
}

extension SeccompProgram {
    /// The answer to calls of this machine that are newer than the profile.
    public var answerToNewerCalls: ByteString? {
        // A number that no call has yet, and that is within the range of numbers to come on each architecture.
        answer(FilterPreview(number: 0x0E_FFFF, arguments: []))?.text
    }
}

extension Seccomp {
    /// The answer to calls that the profile doesn't name.
    public var defaultAnswer: ByteString { FilterAction(defaultAction, errnoRet: defaultErrnoRet).text }
}
