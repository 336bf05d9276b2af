import CHarness
import Testing

/// A container must not inherit the attributes of the runtime's caller.
@Suite("the caller's attributes", .needsRoot, .sandboxed)
struct CallerTests {
    /// The probe's report from a container whose caller has unusual attributes.
    private func attributes(adjusting adjust: (inout Command) -> Void = { _ in }) throws -> [String] {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "attributes"]) }
        let finished = try bundle.run {
            $0.arguments = [Workspace.probe, "odd"] + $0.arguments
            adjust(&$0)
        }
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
        return finished.output.split(separator: "\n", omittingEmptySubsequences: false).map(\.trimmed)
    }

    @Test(arguments: [
        "umask=022", "blocked=", "ignored=", "pdeathsig=0", "subreaper=0", "dumpable=1", "keepcaps=0", "securebits=0", "timer=0",
        "policy=0",
        "euid=0", "groups=", "session=1",
    ])
    func areNotTheContainers(line: String) throws {
        let seen = try attributes()
        #expect(seen.contains(line), "\(seen)")
    }

    @Test(arguments: HookTests.kinds) func areNotTheHooks(kind: String) throws {
        let bundle = try Bundle()
        bundle.config.hooks[kind] =
            kind == "startContainer"
            ? [["path": "/bin/sh", "args": ["sh", "-c", "/bin/probe attributes >/tmp/seen"]]]
            : [.hook("\(Workspace.probe) attributes >\(bundle.rootfs)/tmp/seen")]
        let makeOdd = { (command: inout Command) in command.arguments = [Workspace.probe, "odd"] + command.arguments }
        let container = try bundle.create(adjusting: makeOdd)
        for name in ["start", "delete"] {
            var command = bundle.sandbox.command([name, bundle.id])
            makeOdd(&command)
            let finished = try command.run()
            #expect(finished.succeeded, "\(finished)")
            if name == "start" { #expect(try container.wait() == .exited(0)) }
        }
        let seen = read(bundle.rootfs + "/tmp/seen").lines.map(\.trimmed)
        // busybox's shell, which runs the probe, ignores SIGQUIT.
        #expect(seen.contains("umask=022") && seen.contains("blocked="), "\(seen)")
        #expect(seen.contains("ignored=") || seen.contains("ignored=3"), "\(seen)")
    }

    @Test func processorsOfTheCallerDoNotBindTheContainer() throws {
        let cpus = try #require(try attributes().first { $0.hasPrefix("cpus=") })
        #expect(cpus == "cpus=\(cpus.words.last ?? "") of \(cpus.words.last ?? "")")
    }

    @Test func callerThatIgnoresItsChildrensEndsIsServedToo() throws {
        #expect(try attributes { $0.environment.append("IGNORE_SIGCHLD=1") }.contains("ignored="))
    }

    @Test func descriptorsOfTheCallerStayOutside() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "descriptors"]) }
        let finished = try bundle.run { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(finished.output.lines.map { $0.words.first } == ["0", "1", "2"], "\(finished)")
    }

    @Test func workingDirectoryOfTheCallerStaysOutside() throws {
        let finished = try Bundle { $0.runs("pwd; readlink /proc/self/cwd") }.run { $0.directory = "/sys/fs/cgroup" }
        #expect(finished.output == "/\n/\n", "\(finished)")
    }

    @Test(arguments: [[0], [1], [2], [0, 1], [0, 1, 2]]) func closedStandardStreamsBecomeNull(closed: [Int32]) throws {
        let bundle = try Bundle { $0.runs("probe descriptors > /tmp/seen") }
        _ = try bundle.run { $0.closed = closed }
        let seen = read(bundle.rootfs + "/tmp/seen").lines
        #expect(seen.map { $0.words.first } == ["0", "1", "2"], "\(seen)")
        for number in closed where number != 1 { #expect(seen[Int(number)].words.last == "/dev/null") }
    }

    @Test func environmentVariablesThatSteerLibrariesAreHarmless() throws {
        let bundle = try Bundle { $0.runs("echo ran") }
        let finished = try bundle.run {
            $0.environment = [
                "LD_PRELOAD=/no/such/library.so", "LD_LIBRARY_PATH=/tmp", "MALLOC_CHECK_=3",
                "GLIBC_TUNABLES=glibc.malloc.check=3",
                "POSIXLY_CORRECT=1", "LANG=xx_XX.UTF-8", "TMPDIR=/no/such/directory",
            ]
        }
        #expect(finished.output == "ran\n", "\(finished)")
    }

    @Test func emptyEnvironmentIsEnough() throws {
        let finished = try Bundle { $0.runs("echo ran") }.run { $0.environment = [] }
        #expect(finished.output == "ran\n", "\(finished)")
    }
}
