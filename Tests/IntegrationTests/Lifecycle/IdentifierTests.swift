import CHarness
import Testing

@Suite("container ids", .needsRoot, .sandboxed)
struct IdentifierTests {
    static let bad = [
        "", ".", "..", "/", "a/b", "/a", "a/", "../a", "a/../b", "a b", " a", "a\n", "a\nb", "\na", "a\tb", "a\\b", "a*", "a?",
        "a:b", "a@b",
        "a,b", "a=b", "a%2f", "a$b", "é", "a\u{301}", "\u{ff0e}\u{ff0e}", "a\u{1}b", "\u{1b}[31m",
        String(repeating: "a", count: 256),
        String(repeating: "a", count: 5000),
    ]

    @Test(arguments: bad) func refusesWhatCannotBeAFileName(id: String) throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        let before = entries(of: bundle.sandbox.directory)
        let finished = try bundle.sandbox.runtime("create", "--bundle", bundle.path, id)
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(!finished.errors.isEmpty)
        #expect(entries(of: bundle.sandbox.root).isEmpty)
        #expect(Set(entries(of: bundle.sandbox.directory)).subtracting(before).isSubset(of: ["state"]))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test(arguments: bad, ["state", "start", "delete"]) func refusesThemEverywhere(id: String, command: String) throws {
        #expect(try Sandbox.current.runtime(command, id).ending == .exited(1))
    }

    // As a path in the state root, each of these would be a directory that there is, and no container's.
    @Test(arguments: [
        ["state"], ["start"], ["kill"], ["delete"], ["delete", "--force"], ["exec"], ["pause"], ["resume"],
        ["ps", "--format", "json"], ["update", "--pids-limit", "5"], ["events", "--stats"],
    ])
    func leadNowhereFromTheStateRoot(command: [String]) throws {
        let parent = try Sandbox.current.directory + "/outer/inner"
        let root = parent + "/state"
        try makeDirectory(parent)
        try makeDirectory(root, mode: 0o700)
        try makeDirectory(root + "/a/b", mode: 0o700)
        let files = [parent + "/file", root + "/file", root + "/a/b/file"]
        for file in files { try write("kept", to: file) }
        for id in ["..", ".", "a/b", ""] {
            let program = command == ["exec"] ? ["true"] : []
            let finished = try Command([Workspace.runtime, "--root", root] + command + [id] + program).run()
            #expect(finished.ending == .exited(command == ["exec"] ? 255 : 1), "\(finished)")
            if !id.isEmpty { #expect(finished.message.says("invalid container id format: \"\(id)\"")) }
            for file in files { #expect(read(file) == "kept", "\(finished)") }
        }
    }

    @Test func takesNoOptionForAnID() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        let finished = try bundle.sandbox.runtime("create", "--bundle", bundle.path, "-rf")
        #expect(finished.ending == .exited(1))
        #expect(entries(of: bundle.sandbox.root).isEmpty)
    }

    @Test func refusesASecondID() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        #expect(try bundle.sandbox.runtime("create", "--bundle", bundle.path, "one", "two").ending == .exited(1))
        #expect(entries(of: bundle.sandbox.root).isEmpty)
    }

    @Test(arguments: ["a", "0", "A-b_c+d.e", "_", "a..b", String(repeating: "a", count: 64), String(repeating: "b", count: 255)])
    func takesLettersDigitsAndFewSigns(id: String) throws {
        let container = try Bundle(id: id).create()
        #expect(try container.state().id == .string(id))
        try container.delete()
    }
}
