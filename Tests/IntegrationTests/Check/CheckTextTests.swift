import CHarness
import Testing

/// What `check` and `seccomp explain` write for people.
@Suite("check's text", .needsRoot, .sandboxed)
struct CheckTextTests {
    private static let page = read(
        #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 } + "/docs/check.md")

    /// The block of the page that begins with this line, without the line.
    private func sample(_ command: String) -> String? {
        let blocks = Self.page.split(separator: "```").map { $0.split(separator: "\n$ ") }
        for part in blocks.joined() where part.hasPrefix(command + "\n") {
            return String(part.dropFirst(command.count + 1)).trimmed + "\n"
        }
        return nil
    }

    /// The bundle of the page's sample, in a folder of the test's.
    private func sampleBundle() throws -> Bundle {
        try Bundle {
            $0.hostname = "web"
            $0.linux.cgroupsPath = "/web"
            $0.linux.resources = ["pids": ["limit": 100]]
            $0.process.args = ["nginx"]
            $0.process.capabilites = [:]
            $0.mounts = [
                .mount("/proc", type: "proc", source: "proc"),
                .mount("/tmp", type: "tmpfs", source: "tmpfs", ["nosuid", "nodev", "size=64m"]),
                .mount("/var", type: "bind", source: "/srv/none", ["rbind", "ro"]),
            ]
            $0.hooks.createRuntime = [["path": "/bin/true"]]
        }
    }

    private func text(_ arguments: String..., of bundle: Bundle, adjusting adjust: (inout Command) -> Void = { _ in }) throws
        -> Finished
    {
        try bundle.writeConfig()
        var command = bundle.sandbox.command(arguments + ["--bundle", bundle.path])
        adjust(&command)
        return try command.run()
    }

    @Test(.needsLegacyCgroups) func sampleOfThePageIsTrue() throws {
        let bundle = try sampleBundle()
        let finished = try text("check", of: bundle)
        #expect(finished.ending == .exited(1))
        #expect(finished.output.replacing(bundle.path, with: "/srv/web") == sample("wherry check --bundle /srv/web"))
    }

    @Test func fitsATerminalWithoutColors() throws {
        let output = try text("check", of: sampleBundle()).output
        #expect(!output.contains("\u{1B}"))
        for line in output.lines where !line.contains("/bundle") { #expect(line.count <= 80 && !line.hasSuffix(" "), "\(line)") }
    }

    /// What a file of the bundle's is called mustn't reach the terminal as a command.
    @Test func controlCharactersAreEscaped() throws {
        let bundle = try sampleBundle()
        bundle.config.process.args = ["\u{1B}[31mred"]
        bundle.config.mounts.append(.mount("/tmp/\u{1B}[2J", type: "tmpfs", source: "tmpfs"))
        let output = try text("check", of: bundle).output
        #expect(!output.contains("\u{1B}"))
        #expect(output.contains("\\x1b[31mred"))
    }

    @Test(arguments: [false, true]) func colorsAreForTerminalsAlone(refused: Bool) throws {
        let (terminal, other) = try Terminal.open()
        _ = try text("check", of: sampleBundle()) {
            $0.terminal = other
            if refused { $0.environment.append("NO_COLOR=1") }
        }
        try terminal.wait(for: "create would fail here")
        #expect(terminal.text.contains("\u{1B}[31m  error") != refused)
    }

    // MARK: seccomp explain

    private func profiled() throws -> Bundle {
        try Bundle {
            let condition: JSON = ["index": 0, "value": 0x1000_0000, "valueTwo": 0x1000_0000, "op": "SCMP_CMP_MASKED_EQ"]
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
                "syscalls": [
                    ["names": ["read", "execve", "setns"], "action": "SCMP_ACT_ALLOW"],
                    ["names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [condition]],
                ],
            ]
        }
    }

    private func explain(_ arguments: String...) throws -> Finished {
        let bundle = try profiled()
        try bundle.writeConfig()
        return try bundle.sandbox.command(["seccomp", "explain", "--bundle", bundle.path] + arguments).run()
    }

    @Test func sampleOfExplainIsTrue() throws {
        #if arch(x86_64)
            for call in ["mount", "clone", "clone 0x10000000"] {
                let finished = try explain(call.split(separator: " ").first.map(String.init) ?? "", in: call)
                #expect(finished.output == sample("wherry seccomp explain --bundle /srv/web \(call)"))
            }
        #endif
    }

    private func explain(_ name: String, in call: String) throws -> Finished {
        call == name ? try explain(name) : try explain(name, "0x10000000")
    }

    /// What it says is what the kernel then does.
    @Test func answerIsTheKernels() throws {
        let bundle = try Bundle {
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28]],
            ]
            $0.process.args = ["mkdir", "/tmp/new"]
        }
        #expect(
            try text("seccomp", "explain", "mkdirat", of: bundle).output.contains("SCMP_ACT_ERRNO 28 (no space left on device)"))
        #expect(try bundle.run().errors.contains("No space left on device"))
    }

    @Test func mistakesGetASentence() throws {
        let unknown = try explain("moutn")
        #expect(unknown.ending == .exited(1))
        #expect(unknown.message.says("knows no call \"moutn\""))
        #expect(unknown.message.says("did you mean mount?"))
        #expect(try explain("mount", "x").message.says("\"x\" is no argument of a system call"))
        #expect(try explain("mount", "-1").succeeded)
        #expect(try explain("mount", "1", "2", "3", "4", "5", "6").succeeded)
        #expect(
            try explain("mount", "1", "2", "3", "4", "5", "6", "7").message.says("a system call has at most six arguments"))
        let bundle = try Bundle()
        #expect(try text("seccomp", "explain", "mount", of: bundle).message.says("the bundle has no seccomp profile"))
        #expect(try text("seccomp", "clarify", "mount", of: bundle).message.says("there is no command seccomp \"clarify\""))
    }
}
