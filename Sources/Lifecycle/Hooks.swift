import Bytes
import CLinux
import Errors
import Linux
import OCI

/// Runs hooks: config.md, "POSIX-platform Hooks".
enum HookRunner {
    enum Kind {
        case prestart, createRuntime, createContainer, startContainer, poststart, poststop

        var name: StaticString {
            switch self {
            case .prestart: "prestart"
            case .createRuntime: "createRuntime"
            case .createContainer: "createContainer"
            case .startContainer: "startContainer"
            case .poststart: "poststart"
            case .poststop: "poststop"
            }
        }
    }

    /// Runs all in their order; the first that fails ends it.
    ///
    /// - Parameter directory: where they run, on the side of the runtime. nil leaves the working directory.
    static func run(_ hooks: [Hook], kind: Kind, state: @autoclosure () -> ContainerState, directory: ByteString? = nil)
        throws(RuntimeError)
    {
        guard !hooks.isEmpty else { return }
        let state = state().hookJSON
        for (index, hook) in hooks.enumerated() {
            try run(hook, kind: kind, index: index, state: state, directory: directory)
        }
    }

    /// Runs all, whatever becomes of each: runtime.md wants no more than a warning of a poststop hook.
    static func runRegardless(
        _ hooks: [Hook], kind: Kind, state: @autoclosure () -> ContainerState, directory: ByteString?, log: Log
    ) {
        guard !hooks.isEmpty else { return }
        let state = state().hookJSON
        for (index, hook) in hooks.enumerated() {
            do throws(RuntimeError) {
                try run(hook, kind: kind, index: index, state: state, directory: directory)
            } catch {
                log.warn(error.message)
            }
        }
    }

    private static func run(_ hook: Hook, kind: Kind, index: Int, state: [UInt8], directory: ByteString?) throws(RuntimeError) {
        let pointer = "/hooks/" + kind.name.description + "/" + String(index)
        let label = "error running " + kind.name.description + " hook #" + String(index) + " (" + hook.path.displayText + ")"
        let outcome: Outcome
        do throws(SystemError) {
            outcome = try HookProcess(hook, state: state, directory: directory).finish(timeout: hook.timeout)
        } catch {
            throw RuntimeError(.hook, label, error, pointer: pointer, path: hook.path)
        }
        let reason: String
        switch outcome.end {
        case .exited(0): return
        case .exited(let status): reason = "exit status " + String(status)
        case .killed(let signal): reason = "ended by signal " + String(signal)
        case nil: reason = "hook ran past specified timeout of " + String(hook.timeout ?? 0) + "s"
        }
        let said = String(decoding: outcome.output, as: UTF8.self)
        throw RuntimeError(
            .hook, label + ": " + reason, pointer: pointer, path: hook.path, hint: said.isEmpty ? nil : "it said: " + said)
    }

    /// Runs a helper program of the host's as a hook is run.
    static func runProgram(_ path: ByteString, arguments: [ByteString]) throws(RuntimeError) {
        let label = path.displayText
        let hook = Hook(path: path, args: arguments, env: nil, timeout: 30)
        let outcome = try explaining(.hook, label) { () throws(SystemError) in
            try HookProcess(hook, state: [], directory: nil).finish(timeout: hook.timeout)
        }
        guard outcome.end != .exited(0) else { return }
        throw RuntimeError(.hook, label + " failed: " + String(decoding: outcome.output, as: UTF8.self))
    }

    fileprivate struct Outcome {
        /// nil: it took too long.
        let end: ExitStatus?
        let output: [UInt8]
    }
}

/// A hook that has been started.
private struct HookProcess: ~Copyable {
    private let handle: ProcessHandle
    private let output: SharedDescriptor

    /// Output beyond this is read and forgotten.
    private static let outputLimit = 2048

    /// The state comes from a memory file: a hook that doesn't read it can neither block us nor have us killed by SIGPIPE.
    init(_ hook: Hook, state: [UInt8], directory: ByteString?) throws(SystemError) {
        let input = try FileDescriptor.memory(holding: state)
        let pipe = try FileDescriptor.pipe()
        let arguments = CStringArray(hook.args.isEmpty ? [hook.path] : hook.args)
        // Exactly what is given: none of ours, above all nothing of the container's (CVE-2025-23266).
        let environment = CStringArray(hook.env ?? [])
        switch try cloneProcess(0) {
        case .child:
            c_signals_reset()
            _ = umask(0o022)
            if let directory { _ = directory.withCString { chdir($0) } }
            guard dup2(input.rawValue, 0) >= 0, dup2(pipe.write.rawValue, 1) >= 0, dup2(pipe.write.rawValue, 2) >= 0 else {
                _exit(127)
            }
            closeDescriptors(from: 3, but: [])
            _ = hook.path.withCString { c_execve($0, arguments.pointer, environment.pointer) }
            let reason = Array(SystemError.last("execve").text.utf8)
            _ = write(2, reason, reason.count)
            _exit(127)
        case .parent(_, let handle):
            self.handle = handle
            output = pipe.read
        }
    }

    /// Waits for its end, not for the end of its output: a daemon that it left behind may keep that open.
    consuming func finish(timeout: Int?) throws(SystemError) -> HookRunner.Outcome {
        let deadline = timeout.map { Deadline(milliseconds: min($0, Int.max / 2000) * 1000) }
        var collected: [UInt8] = []
        var isOpen = true
        while true {
            var requests = [
                pollfd(fd: handle.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOpen ? output.rawValue : -1, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&requests, 2, deadline.map { Int32(clamping: $0.millisecondsLeft) } ?? -1)
            if ready == 0, deadline?.isOver == true {
                try handle.send(signal: SIGKILL)
                _ = try handle.wait()
                return HookRunner.Outcome(end: nil, output: collected)
            }
            if requests[1].revents != 0 {
                let part = try output.with { (file) throws(SystemError) in try file.read(upTo: 4096) }
                isOpen = !part.isEmpty
                collected += part.prefix(HookProcess.outputLimit - collected.count)
                continue
            }
            if requests[0].revents != 0 { return HookRunner.Outcome(end: try handle.wait(), output: collected) }
        }
    }
}

extension ContainerState {
    /// What hooks read from their standard input: runtime.md, "State".
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

    static func forHook(_ plan: Plan, pid: Int32, status: Status) -> ContainerState {
        ContainerState(
            ociVersion: plan.config.ociVersion, id: plan.options.id, pid: pid, status: status, bundle: plan.bundle,
            rootfs: plan.rootfs,
            created: "", annotations: plan.config.annotations, owner: "")
    }
}
