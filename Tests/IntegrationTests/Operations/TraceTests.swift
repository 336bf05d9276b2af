import CHarness
import Testing

@Suite("--trace", .needsRoot, .sandboxed)
struct TraceTests {
    /// The events in the file, whose array isn't closed.
    private func events(_ bundle: Bundle) throws -> [JSON] {
        let text = read(file(bundle))
        try #require(text.hasPrefix("[\n") && text.hasSuffix(",\n"), "\(text)")
        return try JSONParser.parse(text.dropLast(2) + "]").elements
    }

    private func file(_ bundle: Bundle) -> String { bundle.path + "/trace.json" }
    private func trace(_ bundle: Bundle) -> [String] { ["--trace", file(bundle)] }

    /// The steps of one process of the command, in the order in which they began.
    private func steps(_ events: [JSON], of thread: Int) -> [String] {
        events.filter { $0.tid == .number(thread) && $0.ph == "X" }.compactMap { $0.name.text }
    }

    @Test func runShowsTheStepsOfBothProcesses() throws {
        let bundle = try Bundle()
        #expect(try bundle.command("run", global: trace(bundle)).run().succeeded)
        let events = try events(bundle)
        let host = steps(events, of: 0)
        let expected = ["seal program", "read bundle", "plan", "clone", "write state", "start", "wait for end", "end processes"]
        #expect(host.filter(Set(expected).contains).uniqued() == expected, "\(host)")
        let first = steps(events, of: 1)
        #expect(first.first == "isolate" && first.last == "execve" && first.contains("mount file systems"), "\(first)")
        #expect(events.contains { $0.ph == "M" && $0.args.name == .string("wherry run " + bundle.id) })
    }

    @Test func commandsOfAContainerShareAFile() throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.create()
        let bundle = container.bundle
        for arguments in [["start", bundle.id], ["exec", bundle.id, "true"], ["delete", "--force", bundle.id]] {
            #expect(try bundle.sandbox.command(arguments, global: trace(bundle)).run().succeeded)
        }
        let names = try events(bundle).filter { $0.name == "process_name" }.compactMap { $0.args.name.text }
        #expect(names == ["start", "exec", "delete"].map { "wherry \($0) \(bundle.id)" })
    }

    @Test func failureIsTracedUpToItsStep() throws {
        let bundle = try Bundle { $0.runs(arguments: ["/missing"]) }
        #expect(try !bundle.command("run", global: trace(bundle)).run().succeeded)
        #expect(steps(try events(bundle), of: 1).last == "find program")
    }

    // A filter that could be loaded early otherwise must not be, because the calls would end the process.
    @Test func filterMayForbidTheCallsThatTracingTakes() throws {
        let bundle = try Bundle {
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": ["getpid", "clock_gettime"], "action": "SCMP_ACT_KILL_PROCESS"]],
            ]
            $0.runs(arguments: ["probe", "pause"])
        }
        #expect(try bundle.command("run", ["--detach"], global: trace(bundle)).run().succeeded)
        let container = try Container(of: bundle)
        let joined = try container.joining(["probe", "syscall", "\(SYS_getuid)"], global: trace(bundle)).run()
        #expect(joined.succeeded, "\(joined)")
        #expect(steps(try events(bundle), of: 1).contains("load seccomp filter"))
    }

    @Test func fileThatCannotBeWrittenIsAnError() throws {
        let finished = try Sandbox.current.command(["list"], global: ["--trace", "/proc/none/trace"]).run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("can't write the trace \"/proc/none/trace\": no such file or directory"))
    }
}

extension [String] {
    /// The strings without those that were there before.
    fileprivate func uniqued() -> [String] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
