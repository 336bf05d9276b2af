public import Bytes

/// An error, with a message for people and details for programs.
///
/// It consists of one reference, because every `throws` passes it on.
public struct RuntimeError: Error, Sendable {
    /// The stable name of the kind of error. It appears as `code` in `--log-format json`.
    public enum Code: Sendable {
        /// The command line is invalid.
        case usage
        /// config.json or process.json can't be read, isn't JSON, or breaks a rule of the specification.
        case invalidConfig
        /// The configuration asks for something that this program, the kernel or the host doesn't support.
        case unsupported
        case containerExists
        case containerNotFound
        /// The operation isn't allowed in the container's present state.
        case wrongState
        /// The content of the state directory is damaged, or not this program's.
        case corruptState
        case cgroup
        case namespace
        case mount
        case device
        case seccomp
        case hook
        case process
        case terminal
        /// The program to run is missing or may not be run.
        case program
        /// criu is missing, or couldn't checkpoint or restore the container.
        case checkpoint
        /// A deadline passed.
        case timeout
        /// The container's first process died before it ran the program.
        case initDied
        case system

        /// The name as `--log-format json` shows it.
        public var name: StaticString {
            switch self {
            case .usage: "usage"
            case .invalidConfig: "invalid-config"
            case .unsupported: "unsupported"
            case .containerExists: "container-exists"
            case .containerNotFound: "container-not-found"
            case .wrongState: "wrong-state"
            case .corruptState: "corrupt-state"
            case .cgroup: "cgroup"
            case .namespace: "namespace"
            case .mount: "mount"
            case .device: "device"
            case .seccomp: "seccomp"
            case .hook: "hook"
            case .process: "process"
            case .terminal: "terminal"
            case .program: "program"
            case .checkpoint: "checkpoint"
            case .timeout: "timeout"
            case .initDied: "init-died"
            case .system: "system"
            }
        }

        /// All codes, in the order of declaration. A message between Host and Init contains a code's index in this list.
        public static let all: [Code] = [
            .usage, .invalidConfig, .unsupported, .containerExists, .containerNotFound, .wrongState, .corruptState, .cgroup,
            .namespace, .mount, .device, .seccomp, .hook, .process, .terminal, .program, .checkpoint, .timeout, .initDied,
            .system,
        ]
    }

    private final class Details: Sendable {
        let code: Code
        let sentence: String
        let step: String?
        let pointer: String?
        let path: ByteString?
        let call: String?
        let errno: Errno?
        let hint: String?

        init(
            code: Code, sentence: String, step: String?, pointer: String?, path: ByteString?, call: String?, errno: Errno?,
            hint: String?
        ) {
            self.code = code
            self.sentence = sentence
            self.step = step
            self.pointer = pointer
            self.path = path
            self.call = call
            self.errno = errno
            self.hint = hint
        }
    }

    private let details: Details

    /// An error with all its details.
    ///
    /// - Parameters:
    ///   - code: the kind of error.
    ///   - sentence: what happened: in lower case at the start, without a full stop, and without the text of `errno`.
    ///   - step: the name of the step in which it happened.
    ///   - pointer: a JSON pointer (RFC 6901) to the part of the configuration that is concerned.
    ///   - path: the file that is concerned.
    ///   - call: the system call that failed.
    ///   - errno: the error number of that system call.
    ///   - hint: what the user can do about it.
    // The initializers are never inlined: they are called in hundreds of places, and the program is copied for each container.
    // For the same reason there is an initializer for each usual set of arguments: a call then passes no default values.
    @inline(never)
    public init(
        _ code: Code, _ sentence: String, step: String? = nil, pointer: String? = nil, path: ByteString? = nil,
        call: String? = nil, errno: Errno?, hint: String? = nil
    ) {
        details = Details(
            code: code, sentence: sentence, step: step, pointer: pointer, path: path, call: call, errno: errno, hint: hint)
    }

    /// An error without a failed system call.
    @inline(never)
    public init(_ code: Code, _ sentence: String, pointer: String? = nil, path: ByteString? = nil, hint: String? = nil) {
        self.init(code, sentence, pointer: pointer, path: path, errno: nil, hint: hint)
    }

    /// An error because of a failed system call. The sentence says what the call was for.
    @inline(never)
    public init(
        _ code: Code, _ sentence: String, _ cause: SystemError, pointer: String? = nil, path: ByteString? = nil,
        hint: String? = nil
    ) {
        self.init(
            code, sentence, pointer: pointer, path: path, call: cause.call, errno: cause.errno, hint: hint)
    }

    /// An error because of a failed system call, without pointer, path and hint.
    @inline(never)
    public init(_ code: Code, _ sentence: String, _ cause: SystemError) {
        self.init(code, sentence, cause, pointer: nil)
    }

    public var code: Code { details.code }
    public var sentence: String { details.sentence }
    public var step: String? { details.step }
    public var pointer: String? { details.pointer }
    public var path: ByteString? { details.path }
    public var call: String? { details.call }
    public var errno: Errno? { details.errno }
    public var hint: String? { details.hint }

    /// The line for people and for engines: `POINTER: SENTENCE: REASON`.
    public var message: String {
        var text = ""
        if let pointer { text += pointer + ": " }
        text += sentence
        if let errno { text += ": " + SystemError.text(of: errno) }
        return text
    }

    /// The same error with the name of the step in which it happened, unless it has a step already.
    public func during(_ step: String) -> RuntimeError {
        guard details.step == nil else { return self }
        return RuntimeError(
            code, sentence, step: step, pointer: pointer, path: path, call: call, errno: errno, hint: hint)
    }

    /// The same error with `suffix` after its sentence.
    public func suffixed(_ suffix: String) -> RuntimeError { saying(sentence + suffix) }

    /// The same error with `prefix` before its sentence.
    public func prefixed(_ prefix: String) -> RuntimeError { saying(prefix + sentence) }

    /// The same error with another pointer.
    public func pointing(to pointer: String?) -> RuntimeError {
        RuntimeError(code, sentence, step: step, pointer: pointer, path: path, call: call, errno: errno, hint: hint)
    }

    private func saying(_ sentence: String) -> RuntimeError {
        RuntimeError(code, sentence, step: step, pointer: pointer, path: path, call: call, errno: errno, hint: hint)
    }
}

/// Runs `body`. If a system call fails in it, throws an error whose sentence says what the call was for.
public func explaining<Result: ~Copyable>(
    _ code: RuntimeError.Code, _ sentence: @autoclosure () -> String, pointer: @autoclosure () -> String? = nil,
    path: @autoclosure () -> ByteString? = nil, hint: @autoclosure () -> String? = nil,
    _ body: () throws(SystemError) -> Result
) throws(RuntimeError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw RuntimeError(code, sentence(), error, pointer: pointer(), path: path(), hint: hint())
    }
}

/// Makes a single call. If it fails, throws an error whose sentence says what the call was for. The `try` of the call stands
/// before `explaining`.
public func explaining<Result: ~Copyable>(
    _ code: RuntimeError.Code, _ sentence: @autoclosure () -> String, pointer: @autoclosure () -> String? = nil,
    path: @autoclosure () -> ByteString? = nil, hint: @autoclosure () -> String? = nil,
    _ call: @autoclosure () throws(SystemError) -> Result
) throws(RuntimeError) -> Result {
    do throws(SystemError) {
        return try call()
    } catch {
        throw RuntimeError(code, sentence(), error, pointer: pointer(), path: path(), hint: hint())
    }
}
