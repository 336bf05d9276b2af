import Bytes
import Errors
import Linux
import OCI

/// Runs hooks: config.md, "POSIX-platform Hooks".
enum HookRunner {
    /// Runs hooks in their order, up to the first that fails.
    ///
    /// - Parameters:
    ///   - hooks: The hooks of one kind.
    ///   - kind: The hook point.
    ///   - state: The container's state, which each hook reads from its standard input.
    ///   - directory: The working directory of the hooks: the bundle. nil, for hooks in the container, leaves the current one.
    /// - Throws: `hook` if one of them can't be run, fails, or takes longer than its timeout.
    static func run(_ hooks: [Hook], kind: Hook.Kind, state: @autoclosure () -> ContainerState, directory: ByteString? = nil)
        throws(RuntimeError)
    {
        guard !hooks.isEmpty else { return }
        let container = state()
        let state = container.hookJSON
        let streams = try HookStreams(container.annotations, for: kind)
        for (index, hook) in hooks.enumerated() {
            try run(hook, kind: kind, index: index, state: state, streams, directory: directory)
        }
    }

    /// Runs all hooks, and warns of those that fail: for poststop hooks runtime.md, "Lifecycle", asks for no more than that.
    static func runRegardless(
        _ hooks: [Hook], kind: Hook.Kind, state: @autoclosure () -> ContainerState, directory: ByteString?, log: Log
    ) {
        guard !hooks.isEmpty else { return }
        let container = state()
        let state = container.hookJSON
        var streams: HookStreams?
        do throws(RuntimeError) {
            streams = try HookStreams(container.annotations, for: kind)
        } catch {
            // What the hooks take down matters more than what they write.
            log.warn(error.message)
        }
        for (index, hook) in hooks.enumerated() {
            do throws(RuntimeError) {
                try run(hook, kind: kind, index: index, state: state, streams, directory: directory)
            } catch {
                log.warn(error.message)
            }
        }
    }

    private static func run(
        _ hook: Hook, kind: Hook.Kind, index: Int, state: [UInt8], _ streams: HookStreams?, directory: ByteString?
    ) throws(RuntimeError) {
        let pointer = pointer(kind, index)
        let label = subject(hook, kind, index)
        let outcome: HelperProcess.Outcome
        do throws(SystemError) {
            let program = HelperProcess.Program(
                path: hook.path, arguments: hook.args.isEmpty ? [hook.path] : hook.args,
                environment: hook.env ?? (kind.getsCallersEnvironment ? OwnEnvironment.entries : []), input: state,
                directory: directory, output: streams?.output, errors: streams?.errors)
            outcome = try HelperProcess.start(program).finish(seconds: hook.timeout)
        } catch  where error.errno == .EINTR {
            throw RuntimeError(
                .hook, label + ": broken off by a signal that ends the runtime", pointer: pointer, path: hook.path,
                call: error.call, errno: error.errno)
        } catch {
            throw RuntimeError(.hook, label, error, pointer: pointer, path: hook.path)
        }
        guard let failure = outcome.failure(timeout: "hook ran past specified timeout of " + String(hook.timeout ?? 0) + "s")
        else { return }
        throw RuntimeError(.hook, label + ": " + failure, pointer: pointer, path: hook.path)
    }

    private static func pointer(_ kind: Hook.Kind, _ index: Int) -> String {
        "/hooks/" + kind.name.description + "/" + String(index)
    }

    private static func subject(_ hook: Hook, _ kind: Hook.Kind, _ index: Int) -> String {
        "error running " + kind.name.description + " hook #" + String(index) + " (" + hook.path.displayText + ")"
    }

    /// The error of a hook whose program can't be executed, as `run` throws it; nil if it can be.
    static func refusal(of hook: Hook, _ kind: Hook.Kind, _ index: Int) -> RuntimeError? {
        let errno: Errno
        do throws(SystemError) {
            let status = try FileDescriptor.status(of: hook.path)
            if status.kind == .regular, isAccessible(hook.path, forExecution: true) { return nil }
            errno = .EACCES
        } catch {
            errno = error.errno
        }
        let outcome = HelperProcess.Outcome(
            end: .exited(HelperProcess.notExecuted), output: Array(SystemError.text(of: errno).utf8), errors: [])
        guard let failure = outcome.failure(timeout: "") else { return nil }
        return RuntimeError(
            .hook, subject(hook, kind, index) + ": " + failure, pointer: pointer(kind, index), path: hook.path)
    }

    /// Runs a helper program of the host as a hook is run, with a timeout of 30 seconds.
    static func runProgram(_ path: ByteString, arguments: [ByteString]) throws(RuntimeError) {
        let label = path.displayText
        let outcome = try explaining(
            .hook, label, HelperProcess.start(HelperProcess.Program(path: path, arguments: arguments)).finish(seconds: 30))
        guard let failure = outcome.failure(timeout: "not ended within 30 seconds") else { return }
        throw RuntimeError(.hook, label + ": " + failure)
    }
}

extension Hook.Kind {
    /// Whether a hook without `env` gets the environment of our caller, as with runc and crun. Hooks that run in the
    /// container's namespaces get none: a path in one of the caller's variables would name a file of the container there.
    fileprivate var getsCallersEnvironment: Bool {
        switch self {
        case .prestart, .createRuntime, .poststart, .poststop: true
        case .createContainer, .startContainer: false
        }
    }
}

extension ContainerState {
    /// The state as hooks read it from their standard input: runtime.md, "State".
    var hookJSON: [UInt8] {
        var json = JSONWriter(.compact)
        json.object { json in
            json.member("ociVersion", ociVersion)
            json.member("id", id)
            json.member("status", status.name)
            if pid > 0 { json.member("pid", pid) }
            json.member("bundle", bundle)
            if !annotations.isEmpty {
                json.object("annotations") { json in
                    for annotation in annotations { json.member(named: annotation.key, annotation.value) }
                }
            }
        }
        return json.bytes
    }
}
