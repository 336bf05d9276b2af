import CHarness
import Testing

@Suite("pid file", .needsRoot, .sandboxed)
struct PidFileTests {
    @Test func holdsTheDigitsAndNothingElse() throws {
        let bundle = try Bundle()
        let container = try bundle.create(["--pid-file", bundle.path + "/pid"])
        #expect(read(bundle.path + "/pid") == String(container.pid))
    }

    @Test func isRelativeToTheCurrentDirectory() throws {
        let bundle = try Bundle()
        let container = try bundle.create(["--pid-file=pid"]) { $0.directory = bundle.sandbox.directory }
        #expect(read(bundle.sandbox.directory + "/pid") == String(container.pid))
    }

    @Test func replacesAFileThatIsThere() throws {
        let bundle = try Bundle()
        try write("something much longer than a pid", to: bundle.path + "/pid")
        let container = try bundle.create(["--pid-file", bundle.path + "/pid"])
        #expect(read(bundle.path + "/pid") == String(container.pid))
    }

    @Test func isNotWrittenThroughALink() throws {
        let bundle = try Bundle()
        try write("canary", to: bundle.path + "/canary")
        try makeLink(bundle.path + "/pid", to: bundle.path + "/canary")
        let container = try bundle.create(["--pid-file", bundle.path + "/pid"])
        #expect(read(bundle.path + "/canary") == "canary")
        #expect(read(bundle.path + "/pid") == String(container.pid))
        #expect(try metadata(bundle.path + "/pid").kind == .regular)
    }

    @Test func leavesNoOtherFileBesideIt() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/run")
        _ = try bundle.create(["--pid-file", bundle.path + "/run/pid"])
        #expect(entries(of: bundle.path + "/run") == ["pid"])
    }

    @Test(arguments: ["/no/such/directory/pid", "/proc/pid", "rootfs"]) func thatCannotBeWrittenFailsTheCreate(path: String)
        throws
    {
        let bundle = try Bundle()
        let full = path.hasPrefix("/") ? path : bundle.path + "/" + path
        #expect(try bundle.refusal(options: ["--pid-file", full]).says(path))
    }

    @Test func isNotLeftByAFailedCreate() throws {
        let bundle = try Bundle { $0.runs(arguments: ["no-such-program"]) }
        _ = try bundle.refusal(options: ["--pid-file", bundle.path + "/pid"])
        #expect(!exists(bundle.path + "/pid"))
    }
}
