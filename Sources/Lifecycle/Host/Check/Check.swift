import Bytes
public import Errors
import Linux
import OCI
import Resctrl
import Seccomp

/// Says what `create` would do with a bundle on this host, and what it would refuse. Nothing is changed.
///
/// - Parameters:
///   - options: The options of `create`. The id is only a name for paths that depend on it.
///   - settings: The global options.
/// - Returns: The report.
/// - Throws: An error if this host can't be looked at.
public func checkBundle(_ options: CreateOptions, _ settings: GlobalSettings) throws(RuntimeError) -> CheckReport {
    var examination = Examination(options, settings, try hostProcFileSystem())
    examination.run()
    return examination.finish()
}

/// Takes the way of `create` again and again: each time an error ends it, the error is noted, what it names is taken out of the
/// configuration, and the way begins anew. So each error is one of `create`'s own, in its own words.
private struct Examination: ~Copyable {
    /// The parts of the way.
    private enum Stage { case decoding, validation, plan, host }

    private let options: CreateOptions
    private let settings: GlobalSettings
    private let procfs: ProcFileSystem
    private var report: CheckReport
    private var stage = Stage.decoding
    /// The pointers of all errors so far, as places in the file.
    private var mended: [ByteString] = []
    /// Whether something was taken out on which the meaning of much else depends: later errors may only follow from that.
    private var isFoundationLost = false
    /// The newest configuration that could be decoded.
    private var config: Config?
    /// The plan of the configuration as it is in the file.
    private var plan: Plan?

    /// More errors in one file help nobody.
    private static let most = 100

    init(_ options: CreateOptions, _ settings: GlobalSettings, _ procfs: consuming ProcFileSystem) {
        self.options = options
        self.settings = settings
        self.procfs = procfs
        report = CheckReport(bundle: (try? Bundle.canonical(options.bundle)) ?? options.bundle)
    }

    mutating func run() {
        do throws(RuntimeError) {
            let bundle = try Bundle.open(options.bundle)
            var draft = try ConfigDraft(parsing: bundle.configText)
            for _ in 0..<Examination.most {
                guard let error = firstError(draft, bundle.path) else { break }
                guard note(error, in: &draft) else { break }
            }
            addWarnings(draft)
        } catch {
            report.findings.append(Finding(error, at: error.pointer))
        }
    }

    /// The error with which `create` would end; nil if it would make the container.
    private mutating func firstError(_ draft: ConfigDraft, _ bundle: ByteString) -> RuntimeError? {
        do throws(RuntimeError) {
            stage = .decoding
            let config = try draft.decoded()
            self.config = config
            stage = .validation
            try config.validate()
            stage = .plan
            let filter = try config.linux.seccomp.map { (profile) throws(RuntimeError) in
                try SeccompFilter.program(for: profile)
            }
            try filter?.requireExecution()
            let plan = try Plan.make(config, options, bundle: bundle, filter: filter, settings, procfs)
            if mended.isEmpty {
                self.plan = plan
                report.plan = plan.sections(config)
                report.findings += Advice(config, plan, procfs).findings
            }
            stage = .host
            guard !isFoundationLost, !mended.contains(where: { $0.hasPrefix("/root") }) else { return nil }
            try plan.lookAtHost(procfs)
            if try !Trial.run(plan, procfs) { noteUntried() }
            return nil
        } catch {
            return error
        }
    }

    /// Notes an error, and takes what it names out of the configuration.
    ///
    /// - Returns: false if nothing can be taken out.
    private mutating func note(_ error: RuntimeError, in draft: inout ConfigDraft) -> Bool {
        // What follows from an earlier error isn't an error of its own.
        if stage != .decoding, isFoundationLost { return false }
        guard let place = error.pointer else {
            report.findings.append(Finding(error, at: nil))
            return false
        }
        let original = draft.original(place)
        let pointer = ConfigDraft.plain(original)
        let isNew = !mended.contains { Examination.isSameOrAround(pointer, $0) }
        let followsFromMounts = error.code == .program && mended.contains { $0.hasPrefix("/mounts") }
        if followsFromMounts {
            report.findings.append(
                Finding(.note, original, error.sentence, hint: "it may be on a mount that couldn't be made: see the errors"))
        } else if isNew {
            report.findings.append(Finding(error, at: original))
            if stage == .decoding { noteMisspelt(place, draft) }
        }
        let isFoundation =
            pointer.hasPrefix("/linux/namespaces") || pointer.hasPrefix("/linux/uidMappings")
            || pointer.hasPrefix("/linux/gidMappings")
        // Without these, a trial would be one of another container.
        let isNeeded =
            isFoundation || pointer.hasPrefix("/root") || pointer.hasPrefix("/process/args")
            || pointer.hasPrefix("/linux/seccomp")
        if stage == .host, isNeeded { return false }
        mended.append(pointer)
        // Of two namespaces of one type, the first one is left.
        if isFoundation, stage != .validation { isFoundationLost = true }
        return draft.mend(place)
    }

    /// Names keys that may be meant for a required property.
    private mutating func noteMisspelt(_ place: String, _ draft: ConfigDraft) {
        guard let (key, name) = draft.misspelt(place) else { return }
        report.findings.append(Finding(.note, key, "unknown property (did you mean " + name.displayText + "?)"))
    }

    /// Whether one pointer is the other, or leads to a part of it.
    @inline(never)
    private static func isSameOrAround(_ one: ByteString, _ other: ByteString) -> Bool {
        let (short, long) = one.count < other.count ? (one, other) : (other, one)
        return (long + "/").hasPrefix(short + "/")
    }

    private mutating func noteUntried() {
        report.findings.append(
            Finding(
                .note, nil, "not everything could be tried without a change to the host",
                hint: "whether all mounts, the program and the working directory are there, only create finds out"))
    }

    private mutating func addWarnings(_ draft: ConfigDraft) {
        let warnings = plan?.warnings ?? Plan.warnings(ofUnknown: config?.unknownProperties ?? [])
        for warning in warnings {
            let text = ByteString(warning)
            guard text.hasPrefix("/"), let colon = text.bytes.firstIndex(of: UInt8(ascii: ":")) else {
                report.findings.append(Finding(.warning, nil, warning))
                continue
            }
            var pointer = ByteString(text.bytes[..<colon]).displayText
            if plan == nil { pointer = draft.original(pointer) }
            report.findings.append(Finding(.warning, pointer, text.dropFirst(colon + 2).displayText))
        }
    }

    /// The report, with its findings ordered by their kind.
    consuming func finish() -> CheckReport {
        var report = report
        if report.verdict == .isInvalid { report.plan = [] }
        report.findings = []
        for kind in Finding.Kind.allCases {
            for finding in self.report.findings where finding.kind == kind { report.findings.append(finding) }
        }
        return report
    }
}

extension Plan {
    /// Looks for what the host must have and what `create` uses late: hooks, network devices, a resctrl file system.
    fileprivate func lookAtHost(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        if resctrl != nil { _ = try ResctrlFileSystem.mounted(procfs) }
        try requireNetworkDevices()
        // Those that run before the container is created. The others are create's business no more.
        for (kind, hooks) in hooks.byKind.prefix(3) {
            for (index, hook) in hooks.enumerated() {
                if let error = HookRunner.refusal(of: hook, kind, index) { throw error }
            }
        }
    }

    private func requireNetworkDevices() throws(RuntimeError) {
        guard !netDevices.isEmpty, let socket = try? RouteSocket() else { return }
        for device in netDevices {
            let isMissing: Bool
            do throws(SystemError) { isMissing = try socket.interface(named: device.host.text) == nil } catch { continue }
            if isMissing { throw device.missing }
        }
    }
}
