public import Bytes
public import Errors
import OCI

/// What `check` found out about a bundle and this host.
public struct CheckReport {
    /// Whether `create` would make the container.
    public enum Verdict {
        case runs
        case doesNotRunHere
        case isInvalid
    }

    /// The bundle's absolute path, or the path that was given if there is no bundle.
    public internal(set) var bundle: ByteString
    /// Errors first, each kind in the order of `create`.
    public internal(set) var findings: [Finding] = []
    /// What `create` would do; empty if it would refuse the configuration.
    public internal(set) var plan: [PlanSection] = []

    public var verdict: Verdict {
        let errors = findings.filter { $0.kind == .error }
        if errors.contains(where: { $0.code == .invalidConfig }) { return .isInvalid }
        return errors.isEmpty ? .runs : .doesNotRunHere
    }
}

/// One sentence of a report about a property or about the host.
public final class Finding {
    /// How much it matters.
    public enum Kind: CaseIterable {
        /// `create` would end with this error.
        case error
        /// Something is left out or has no effect, and `create` goes on.
        case warning
        /// The container is made, but perhaps isn't what was meant.
        case advice
        /// Something that `check` couldn't look at.
        case note

        public var name: StaticString {
            switch self {
            case .error: "error"
            case .warning: "warning"
            case .advice: "advice"
            case .note: "note"
            }
        }
    }

    public let kind: Kind
    /// The kind of error; nil for everything else.
    public let code: RuntimeError.Code?
    /// The JSON pointer (RFC 6901) of the property.
    public let pointer: String?
    /// The line of an error as `create` writes it, or the sentence with its pointer.
    public let message: String
    public let hint: String?

    /// The finding for an error of `create`'s.
    init(_ error: RuntimeError, at pointer: String?) {
        kind = .error
        code = error.code
        self.pointer = pointer.map { Finding.plain($0) }
        message = error.pointing(to: pointer).message
        hint = error.hint
    }

    init(_ kind: Kind, _ pointer: String?, _ sentence: String, hint: String? = nil) {
        self.kind = kind
        code = nil
        self.pointer = pointer.map { Finding.plain($0) }
        message = (pointer.map { $0 + ": " } ?? "") + sentence
        self.hint = hint
    }

    /// The pointer alone: messages add a path to that of a mount, as in "/mounts/3 (/data)".
    private static func plain(_ pointer: String) -> String { ConfigDraft.plain(pointer).displayText }
}
