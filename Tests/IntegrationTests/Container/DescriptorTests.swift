import CHarness
import Testing

@Suite("descriptors and the keyring", .needsRoot, .sandboxed)
struct DescriptorTests {
    /// Opens a file in the bundle for reading and writing.
    private func openFile(_ bundle: Bundle, _ name: String) throws -> Int32 {
        let descriptor = h_open(bundle.path + "/" + name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw HarnessFailure.system(name) }
        return descriptor
    }

    private func numbers(_ text: String) -> [String?] { text.lines.map { $0.words.first } }

    @Test func onlyTheStandardOnesAreOpen() throws {
        let seen = try output(of: "probe", "descriptors")
        #expect(numbers(seen) == ["0", "1", "2"])
    }

    @Test func preservedOnesArePassedOn() throws {
        let bundle = try Bundle { $0.runs("echo three >&3; echo four >&4; probe descriptors") }
        let (three, four) = (try openFile(bundle, "three"), try openFile(bundle, "four"))
        defer { for descriptor in [three, four] { close(descriptor) } }
        let finished = try bundle.run(["--preserve-fds", "2"]) { $0.descriptors = [3: three, 4: four, 5: four] }
        #expect(numbers(finished.output) == ["0", "1", "2", "3", "4"], "\(finished)")
        #expect(read(bundle.path + "/three") == "three\n")
        #expect(read(bundle.path + "/four") == "four\n")
    }

    @Test func preservedOnesSurviveFromCreateToStart() throws {
        let bundle = try Bundle { $0.runs("echo written >&3") }
        let file = try openFile(bundle, "three")
        let container = try bundle.create(["--preserve-fds=1"]) { $0.descriptors = [3: file] }
        close(file)
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(read(bundle.path + "/three") == "written\n")
    }

    @Test(arguments: ["-1", "x", "99999999999"]) func badCountIsRefused(count: String) throws {
        _ = try Bundle().refusal(options: ["--preserve-fds", count])
    }

    // sd_listen_fds(3): LISTEN_FDS is the number of descriptors from 3 on, LISTEN_PID the pid of the process that they are for.
    @Test func socketsOfActivationArePassedOn() throws {
        let bundle = try Bundle { $0.runs("echo $LISTEN_FDS $LISTEN_PID; echo three >&3; probe descriptors") }
        let three = try openFile(bundle, "three")
        defer { close(three) }
        let finished = try bundle.run {
            $0.descriptors = [3: three]
            $0.environment += ["LISTEN_FDS=1", "LISTEN_PID=0"]
            // LISTEN_PID has to be the runtime's own pid.
            $0.wrap(in: "export LISTEN_PID=$$")
        }
        #expect(finished.output.hasPrefix("1 1\n"), "\(finished)")
        #expect(numbers(finished.output).suffix(4) == ["0", "1", "2", "3"], "\(finished)")
        #expect(read(bundle.path + "/three") == "three\n")
    }

    @Test func pidfdGoesToTheSocket() throws {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        let listener = h_listen(bundle.path + "/pidfd.sock")
        defer { close(listener) }
        let container = try bundle.create(["--pidfd-socket", bundle.path + "/pidfd.sock"])
        let pidfd = try Received(from: listener).descriptor
        defer { close(pidfd) }
        let seen = read("/proc/self/fdinfo/\(pidfd)").lines.first { $0.hasPrefix("Pid:") }?.words.last
        #expect(seen == String(container.pid))
    }

    @Test func pidfdSocketWithAFullQueueIsNotWaitedForWithoutEnd() throws {
        let bundle = try Bundle()
        let path = bundle.path + "/pidfd.sock"
        let busy = try BusySocket(path)
        let message = try bundle.refusal(options: ["--pidfd-socket", path])
        #expect(message.says("nobody has accepted a connection to the pidfd socket \"\(path)\" within 10 seconds"))
        withExtendedLifetime(busy) {}
    }

    @Test func pidfdSocketThatNobodyListensAtFailsTheCreate() throws {
        let bundle = try Bundle()
        #expect(try bundle.refusal(options: ["--pidfd-socket", bundle.path + "/nobody.sock"]).says("nobody.sock"))
    }

    @Test func sessionKeyringIsNewAndNamedAfterTheContainer() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "keyring"]) }
        #expect(try bundle.output().trimmed.hasSuffix(";_ses.\(bundle.id)"))
    }

    // A keyring of the mapped user would count against one quota for all containers with the same mapping: 200 keys by default.
    @Test(arguments: [false, true]) func sessionKeyringIsNotOfTheMappedUser(exec: Bool) throws {
        let seen: String
        if exec {
            seen = try resting { $0.mapUsers() }.exec("probe", "keyring").output
        } else {
            let bundle = try Bundle {
                $0.mapUsers()
                $0.runs(arguments: ["probe", "keyring"])
            }
            seen = try bundle.output()
        }
        // The owner is the host's root, which appears as 65534 (nobody) in the user namespace.
        #expect(seen.split(separator: ";").dropFirst().first == "65534" && seen.contains(";_ses."), "\(seen)")
    }

    @Test func noNewKeyringKeepsTheCallers() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "keyring"]) }
        let finished = try bundle.run(["--no-new-keyring"])
        #expect(finished.succeeded, "\(finished)")
        #expect(!finished.output.contains("_ses.\(bundle.id)"))
    }
}
