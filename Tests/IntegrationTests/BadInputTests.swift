import CHarness
import Testing

/// Each bad input gets one clear sentence and status 1, and leaves nothing behind.
@Suite("bad input", .needsRoot, .sandboxed)
struct BadInputTests {
    /// The message about a config.json with these bytes.
    private func refusal(of bytes: [UInt8]) throws -> String {
        let bundle = try Bundle()
        try write(bytes, to: bundle.path + "/config.json")
        let message = try bundle.refusal(by: bundle.sandbox.command(["create", "--bundle", bundle.path, bundle.id]))
        #expect(message.utf8.count < 4000, "one sentence, not the config")
        return message
    }

    private func refusal(of text: String) throws -> String { try refusal(of: Array(text.utf8)) }

    /// The standard config as text, with a change.
    private func changed(_ change: (inout JSON) -> Void) throws -> String {
        var config = JSON.standardConfig
        config.linux.cgroupsPath = .string(try Sandbox.current.cgroup(of: "c1"))
        change(&config)
        return config.description
    }

    @Test func missingConfig() throws {
        let bundle = try Bundle()
        let message = try bundle.refusal(by: bundle.sandbox.command(["create", "--bundle", bundle.path, bundle.id]))
        #expect(message.says("config.json"))
    }

    @Test func bundleWhosePathIsNotUTF8() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        let odd = Array(bundle.path.utf8CString.dropLast()) + [-1, 0]
        try #require(rename(bundle.path, odd) == 0)
        defer { rename(odd, bundle.path) }
        let directory = h_open(odd, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
        defer { close(directory) }
        var command = bundle.sandbox.command(["create", "--bundle", "/proc/self/fd/0", bundle.id])
        command.descriptors[0] = directory
        let message = try bundle.refusal(by: command)
        #expect(message.says("is not UTF-8"))
    }

    @Test func configThatIsADirectory() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/config.json")
        let message = try bundle.refusal(by: bundle.sandbox.command(["create", "--bundle", bundle.path, bundle.id]))
        #expect(message.says("config.json"))
    }

    @Test func configThatIsAFifo() throws {
        let bundle = try Bundle()
        #expect(mkfifo(bundle.path + "/config.json", 0o600) == 0)
        let message = try bundle.refusal(by: bundle.sandbox.command(["create", "--bundle", bundle.path, bundle.id]))
        #expect(message.says("config.json"))
    }

    @Test(arguments: ["", " \n", "null", "[]", "1", "\"text\"", "true", "{}"]) func configThatIsNoObjectWithContent(text: String)
        throws
    {
        _ = try refusal(of: text)
    }

    @Test func configThatEndsTooEarly() throws {
        let whole = Array(try changed { _ in }.utf8)
        for length in [1, whole.count / 2, whole.count - 1] { _ = try refusal(of: Array(whole.prefix(length))) }
    }

    @Test(arguments: [
        "{,}", "{\"a\":}", "{'a':1}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}", "// x\n{}", "{}{}",
        "{} x", "{\"a\":\"\t\"}",
    ])
    func configThatIsNotJSON(text: String) throws { _ = try refusal(of: text) }

    @Test func byteOrderMark() throws { _ = try refusal(of: "\u{FEFF}" + (try changed { _ in })) }

    @Test func config100MegabytesLong() throws {
        let bundle = try Bundle()
        let path = bundle.path + "/config.json"
        try bundle.writeConfig()
        // Spaces after the object: valid JSON, but too large. They are written, because a hole in the file would read as NULs.
        let descriptor = h_open(path, O_WRONLY | O_APPEND | O_CLOEXEC, 0)
        defer { close(descriptor) }
        let spaces = [UInt8](repeating: 0x20, count: 1 << 20)
        for _ in 0..<100 { _ = spaces.withUnsafeBytes { CHarness.write(descriptor, $0.baseAddress, $0.count) } }
        _ = try bundle.refusal(by: bundle.sandbox.command(["create", "--bundle", bundle.path, bundle.id]))
    }

    @Test(arguments: ["[", "{\"a\":"]) func configNested10000Deep(opening: String) throws {
        _ = try refusal(of: "{\"annotations\":" + String(repeating: opening, count: 10_000))
        let closing = opening == "[" ? "]" : "}"
        let deep = String(repeating: opening, count: 10_000) + "1" + String(repeating: closing, count: 10_000)
        _ = try refusal(of: changed { $0["x"] = .raw(deep) })
    }

    // Overlong forms, half of a surrogate pair, a number beyond U+10FFFF, a lone continuation byte, a byte that never occurs, a
    // sequence that is cut short.
    @Test(
        arguments: [[0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xFF], [0xC3]]
            as [[UInt8]])
    func textThatIsNotUTF8(bytes: [UInt8]) throws {
        let parts = try changed { $0.hostname = "HERE" }.split(separator: "HERE").map { Array($0.utf8) }
        _ = try refusal(of: parts[0] + bytes + parts[1])
    }

    @Test(arguments: ["\\ud800", "\\udc00", "\\ud800\\u0041", "\\x41", "\\u12"]) func escapesThatAreNoText(escape: String) throws
    {
        _ = try refusal(of: changed { $0.hostname = .raw("\"\(escape)\"") })
    }

    @Test(arguments: ["\"\\u0000\"", "\"a\\u0000b\""]) func NULInAText(text: String) throws {
        for (pointer, change) in [
            ("/process/args/1: ", { $0.process.args = ["echo", .raw(text)] }),
            ("/mounts/0/source: ", { $0.mounts[0].source = .raw(text) }),
            ("/annotations/a: ", { $0.annotations = ["a": .raw(text)] }),
        ] as [(String, (inout JSON) -> Void)] {
            let message = try refusal(of: changed(change))
            #expect(message.says(pointer + "a text with a NUL byte, which can't be passed to the kernel"))
            #expect(!message.contains("not valid JSON"))
        }
    }

    @Test func nameThatIsThereTwice() throws {
        let text = try changed { $0.process.user = .raw("{\"uid\":0,\"gid\":0,\"uid\":1000}") }
        let message = try refusal(of: text)
        #expect(message.says("uid"))
        #expect(message.points(to: "/process/user"))
        #expect(try refusal(of: "{\"root\":{}," + (try changed { _ in }).dropFirst()).says("root"))
    }

    private static let wrongTypes: [(pointer: String, value: JSON)] = [
        ("/ociVersion", 1), ("/process", []), ("/process/args", "sh"), ("/process/args/1", 1), ("/process/env/0", [:]),
        ("/process/cwd", 1), ("/process/terminal", "yes"), ("/process/user/uid", "0"), ("/process/user", "root"),
        ("/process/noNewPrivileges", 1), ("/process/capabilities", []), ("/process/capabilities/bounding/0", 1),
        ("/root", "rootfs"),
        ("/root/readonly", "true"), ("/hostname", true), ("/mounts", [:]), ("/mounts/0/options", "ro"), ("/annotations/a", 1),
        ("/hooks", []), ("/hooks/prestart", [:]), ("/linux/namespaces", "pid"), ("/linux/namespaces/0", "pid"),
        ("/linux/sysctl/a", 1),
        ("/linux/maskedPaths", "x"), ("/linux/cgroupsPath", 1), ("/linux/resources/memory/limit", true),
        ("/linux/seccomp/defaultAction", 1),
    ]

    @Test(arguments: wrongTypes.indices) func wrongType(index: Int) throws {
        let (pointer, value) = Self.wrongTypes[index]
        let message = try refusal(of: changed { $0[at: pointer] = value })
        #expect(message.points(to: pointer), "\(message)")
    }

    @Test(arguments: [
        "-1", "4294967296", "4294967295", "1e3", "1.0", "1.5", "18446744073709551616", "9223372036854775808", "1e400",
    ])
    func uidOutOfRange(number: String) throws {
        #expect(try refusal(of: changed { $0.process.user.uid = .raw(number) }).points(to: "/process/user/uid"))
    }

    @Test(arguments: ["", "1", "1.0", "v1.0.0", "1.0.0.0", "one", "2.0.0", "0.9.0", "999.1.1", "-1.0.0", "01.0.0", "1.0.0-"])
    func versionOfAnotherSpecification(version: String) throws {
        #expect(try refusal(of: changed { $0.ociVersion = .string(version) }).points(to: "/ociVersion"))
    }

    @Test(arguments: ["1.0.0", "1.0.2-dev", "1.2.1", "1.3.0", "1.3.0+build.5", "1.9.0"]) func versionsFrom1To2AreTaken(
        version: String
    ) throws {
        #expect(try output(ofScript: "echo ran") { $0.ociVersion = .string(version) } == "ran\n")
    }

    @Test(arguments: [
        "/ociVersion", "/process/cwd", "/process/args", "/process/user/uid", "/process/user/gid", "/root/path",
        "/linux/namespaces/0/type",
    ])
    func requiredPropertyThatIsMissing(pointer: String) throws {
        let message = try refusal(of: changed { $0[at: pointer] = .null })
        #expect(message.says(pointer.split(separator: "/").last ?? ""), "\(message)")
    }

    @Test func noArguments() throws {
        let message = try refusal(of: changed { $0.process.args = [] })
        #expect(message.says("/process/args: must have at least one entry, the program to run"))
    }

    @Test func unknownPropertiesAreIgnored() throws {
        #expect(
            try output(ofScript: "echo ran") {
                $0["com.example.unknown"] = ["deep": [1, 2, ["er": .raw("null")]]]
                $0.process["colour"] = "blue"
                $0.linux["quantum"] = true
                $0.mounts[0]["speed"] = 9
            } == "ran\n")
    }

    @Test func unknownAnnotationsAreIgnored() throws {
        let container = try Bundle {
            $0.annotations = ["org.example.key": "", "Org.Example.KEY": "value", "e\u{301}": "1", "é": "2"]
        }.create()
        #expect(try container.state().annotations["Org.Example.KEY"] == "value")
    }

    @Test func annotationWithoutAName() throws {
        #expect(try refusal(of: changed { $0.annotations = ["": "value"] }).points(to: "/annotations"))
    }

    @Test func propertiesOfOtherSystemsAreIgnored() throws {
        #expect(
            try output(ofScript: "echo ran") {
                $0.windows = ["layerFolders": ["x"]]
                $0.solaris = ["milestone": "x"]
                $0.process.commandLine = "dir"
                $0.process.user["username"] = "somebody"
            } == "ran\n")
    }

    // A label that can't be applied is refused by name: if it were ignored, the container would be less confined than its
    // config demands.
    @Test(arguments: ["/process/apparmorProfile", "/process/selinuxLabel"]) func labelThatCannotBeApplied(pointer: String) throws
    {
        #expect(try refusal(of: changed { $0[at: pointer] = "no_such_label:x" }).points(to: pointer))
    }
}
