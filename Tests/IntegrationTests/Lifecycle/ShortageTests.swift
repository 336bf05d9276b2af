import CHarness
import Testing

/// The caller's own resource limits leave the runtime too little. It either works, or says what is missing.
@Suite("limits of the caller", .needsRoot, .sandboxed)
struct ShortageTests {
    enum Kind: CaseIterable { case create, run, exec }

    /// Runs the command under a limit of the shell's `ulimit`.
    private func finished(_ kind: Kind, _ limit: String, global: [String] = []) throws -> Finished {
        var command: Command
        switch kind {
        case .create, .run:
            let bundle = try Bundle { $0.runs(arguments: ["true"]) }
            command = try bundle.command(kind == .run ? "run" : "create", global: global)
        case .exec: command = try resting().joining(["true"], global: global)
        }
        command.wrap(in: "ulimit " + limit)
        return try command.run()
    }

    /// Checks that a failure is explained, unless the kernel has killed a program that it couldn't load. Returns whether the
    /// message has these words.
    private func expectWords(_ finished: Finished, _ words: String, _ limit: String) -> Bool {
        guard case .exited(let status) = finished.ending, status != 0 else { return false }
        #expect(!finished.errors.isEmpty && !finished.errors.contains("internal error"), "\(limit): \(finished)")
        return finished.errors.contains(words)
    }

    @Test(arguments: Kind.allCases, ["-v", "-d"]) func littleMemoryIsSaid(kind: Kind, option: String) throws {
        var count = 0
        for kilobytes in stride(from: 500, to: 8000, by: 250) {
            let limit = "\(option) \(kilobytes)"
            if expectWords(try finished(kind, limit), "out of memory in step ", limit) { count += 1 }
        }
        #expect(count > 0)
    }

    // The kernel itself ends a program that begins on a smaller stack.
    @Test(arguments: Kind.allCases, [20, 24, 28])
    func littleStackIsSaidBeforeAnythingIsMade(kind: Kind, kilobytes: Int) throws {
        let finished = try finished(kind, "-s \(kilobytes)")
        #expect(finished.ending == .exited(kind == .exec ? 255 : 1), "\(finished)")
        #expect(finished.errors.says("no room on the stack (RLIMIT_STACK) in step start"), "\(finished)")
        let containers = try Sandbox.current.runtime("list", "--quiet").output.lines
        #expect(containers.count == (kind == .exec ? 1 : 0), "the container that exec joins stays")
    }

    @Test(arguments: Kind.allCases) func stackOfAQuarterOfAMebibyteIsEnough(kind: Kind) throws {
        #expect(try finished(kind, "-s 256").succeeded)
    }

    @Test(arguments: Kind.allCases, ["1", "200", "1000"]) func smallFilesAreSaid(kind: Kind, blocks: String) throws {
        let finished = try finished(kind, "-f " + blocks)
        #expect(finished.ending == .exited(kind == .exec ? 255 : 1), "\(finished)")
        #expect(finished.errors.says("files may not be so large (RLIMIT_FSIZE): file too large"))
    }

    @Test(arguments: Kind.allCases) func fewDescriptorsAreSaid(kind: Kind) throws {
        for number in [4, 6, 8, 10] {
            let finished = try finished(kind, "-n \(number)")
            #expect(finished.errors.says("too many open files"), "\(number): \(finished)")
        }
    }

    // Undoing needs descriptors, too.
    @Test func createThatLacksDescriptorsUndoesItself() throws {
        var failures = 0
        for number in 4...48 {
            let bundle = try Bundle { $0.hooks.poststop = [.hook("true")] }
            var command = try bundle.command("create")
            command.wrap(in: "ulimit -n \(number)")
            let finished = try command.run()
            if finished.succeeded {
                #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
            } else {
                failures += 1
            }
            #expect(bundle.sandbox.leftovers(of: bundle.id) == nil, "\(number): \(finished)")
        }
        #expect(failures > 10)
    }

    @Test(arguments: ["json", "text"]) func shortageIsInTheLog(format: String) throws {
        let log = try Sandbox.current.directory + "/log"
        // With some of these sizes, the log is open before the stack is used up.
        var lines: [String] = []
        for kilobytes in 8...64 where lines.isEmpty {
            _ = try finished(.create, "-s \(kilobytes)", global: ["--log", log, "--log-format", format])
            lines += read(log).lines.filter { $0.contains("RLIMIT_STACK") }
        }
        let line = try #require(lines.first)
        #expect(line.contains(format == "json" ? "\"code\":\"system\"" : "code=system"), "\(line)")
        if format == "json" { #expect(try JSONParser.parse(line).level == "error") }
    }
}
