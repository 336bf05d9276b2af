import CHarness
import Testing

/// The container's user can open /dev/stdout and the like again.
@Suite("standard streams of the user", .needsRoot, .sandboxed)
struct GivenStreamTests {
    enum Kind: CaseIterable { case run, create, exec }

    struct Case: CustomTestStringConvertible {
        let kind: Kind
        let user: Int
        let mapped: Bool

        var testDescription: String { "\(kind), user \(user)\(mapped ? ", user namespace" : "")" }
    }

    static let cases = Kind.allCases.flatMap { kind in
        [Case(kind: kind, user: 1000, mapped: false)] + [0, 101].map { Case(kind: kind, user: $0, mapped: true) }
    }

    /// Runs a script as a user of a container, with these descriptors.
    private func run(_ script: String, as what: Case, _ descriptors: [Int32: Int32]) throws -> Finished {
        let bundle = try Bundle {
            if what.mapped { $0.mapUsers() }
            $0.process.user = ["uid": .number(what.user), "gid": .number(what.user)]
            $0.runs(script)
        }
        if what.kind == .exec {
            bundle.config.runs(arguments: ["probe", "pause"])
            var command = try bundle.start().joining(["sh", "-ec", script])
            command.descriptors = descriptors
            return try command.run()
        }
        var command = try bundle.command(what.kind == .run ? "run" : "create")
        command.descriptors = descriptors
        let finished = try command.run()
        if what.kind == .create, finished.succeeded {
            let container = try Container(of: bundle, finished)
            try container.start()
            #expect(try container.wait() == .exited(0), "\(finished)")
        }
        return finished
    }

    // The harness captures standard output and error in files.
    @Test(arguments: cases) func canBeOpenedAgainIfTheyAreFiles(what: Case) throws {
        let finished = try run("echo out >> /dev/stdout; echo wrong >> /dev/stderr", as: what, [:])
        #expect(finished.succeeded && finished.output == "out\n" && finished.errors == "wrong\n", "\(finished)")
    }

    @Test(arguments: cases) func canBeOpenedAgainIfTheyArePipes(what: Case) throws {
        var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&input) == 0 && pipe(&output) == 0)
        defer { for descriptor in [input[0], output[0]] { close(descriptor) } }
        #expect(write(input[1], "typed\n", 6) == 6)
        close(input[1])
        let finished = try run("cat < /dev/stdin > /dev/stdout", as: what, [0: input[0], 1: output[1]])
        close(output[1])
        #expect(finished.succeeded, "\(finished)")
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(output[0], &bytes, 16) == 6 && bytes.starts(with: Array("typed\n".utf8)))
    }

    /// Passes a file as a standard stream to a container whose user is 1000, and returns the file's owner afterwards.
    private func owner(of path: String, _ flags: Int32, as number: Int32) throws -> uid_t {
        let file = h_open(path, flags | O_CLOEXEC, 0)
        defer { close(file) }
        let finished = try run("true", as: Case(kind: .run, user: 1000, mapped: false), [number: file])
        #expect(finished.succeeded, "\(finished)")
        return try metadata(path).st_uid
    }

    @Test func whatWasOpenedToWritePassesToTheUser() throws {
        let path = try Sandbox.current.directory + "/file"
        try write("", to: path)
        #expect(try owner(of: path, O_WRONLY | O_APPEND, as: 1) == 1000)
    }

    // A file that is open only for reading, as in `run ID </etc/hosts`, must not change its owner.
    @Test func fileThatIsReadStaysTheCallers() throws {
        let path = try Sandbox.current.directory + "/file"
        try write("", to: path)
        #expect(try owner(of: path, O_RDONLY, as: 0) == 0)
    }

    @Test func fileOfAnotherStaysHis() throws {
        let path = try Sandbox.current.directory + "/file"
        try write("", to: path)
        #expect(chown(path, 5, 5) == 0)
        #expect(try owner(of: path, O_RDWR, as: 1) == 5)
    }

    @Test func terminalOfTheCallerStaysHis() throws {
        let (terminal, other) = try Terminal.open()
        let before = try metadata(other).st_uid
        #expect(try owner(of: other, O_RDWR | O_NOCTTY, as: 1) == before)
        withExtendedLifetime(terminal) {}
    }

    @Test func readOnlyFileSystemIsNoError() throws {
        let sandbox = try Sandbox.current
        let place = sandbox.directory + "/tmpfs"
        try sandbox.mount("tmpfs", on: place, type: "tmpfs", data: "size=1m")
        #expect(mkfifo(place + "/fifo", 0o600) == 0)
        try sandbox.mount("none", on: place, flags: Int(MS_REMOUNT) | Int(MS_RDONLY))
        #expect(try owner(of: place + "/fifo", O_RDWR, as: 1) == 0)
    }
}
