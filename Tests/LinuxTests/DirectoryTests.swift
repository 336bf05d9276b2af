import Bytes
import CLinux
import Errors
import Linux
import Testing

@Suite struct DirectoryTests {
    private let tree: TemporaryDirectory

    init() throws { tree = try TemporaryDirectory() }

    private func replace(_ name: ByteString, _ text: String) throws {
        try tree.descriptor.replaceFile(name, with: Array(text.utf8), mode: 0o640, temporary: "." + name + ".new")
    }

    @Test func replacesAFileAndLeavesNoOther() throws {
        for text in ["1", "22"] {
            try replace("pid", text)
            #expect(try tree.text("pid") == text)
        }
        #expect(try tree.names() == ["pid"])
        #expect(try tree.mode("pid") == 0o640)
    }

    @Test func takesThePlaceOfWhatAKilledOneLeft() throws {
        try tree.put("canary", "canary")
        try tree.link(".pid.new", to: tree.path + "/canary")
        try replace("pid", "42")
        #expect(try tree.text("pid") == "42")
        #expect(try tree.text("canary") == "canary")
        #expect(try tree.names() == ["canary", "pid"])
    }

    @Test func leavesNothingBehindWhereTheFileCanNotBeReplaced() throws {
        try tree.descriptor.makeDirectory("taken", mode: 0o700)
        let error = #expect(throws: SystemError.self) { try replace("taken", "x") }
        #expect(error?.errno == .EISDIR)
        #expect(try tree.names() == ["taken"])
    }

    @Test(arguments: ["a/b/c", "a//b/c", "a/b/c//", "a/x/../b/c"]) func makesWhatIsMissingOfAPath(_ path: String) throws {
        try FileDescriptor.makeDirectories(tree.path + "/" + ByteString(path), mode: 0o700, parentMode: 0o711)
        #expect(try tree.mode("a") == 0o711)
        #expect(try tree.mode("a/b") == 0o711)
        #expect(try tree.mode("a/b/c") == 0o700)
    }

    @Test func leavesDirectoriesThatAreThereAsTheyAre() throws {
        try tree.descriptor.makeDirectory("a", mode: 0o750)
        for _ in 0..<2 { try FileDescriptor.makeDirectories(tree.path + "/a/b", mode: 0o700, parentMode: 0o711) }
        #expect(try tree.mode("a") == 0o750)
        #expect(try tree.mode("a/b") == 0o700)
        try FileDescriptor.makeDirectories("/", mode: 0o700, parentMode: 0o711)
    }

    @Test func saysWhyAPathCanNotBeMade() throws {
        try tree.put("file", "")
        for (path, errno) in [(tree.path + "/file/a/b", .ENOTDIR), ("", .ENOENT)] as [(ByteString, Errno)] {
            let error = #expect(throws: SystemError.self) {
                try FileDescriptor.makeDirectories(path, mode: 0o700, parentMode: 0o700)
            }
            #expect(error?.errno == errno)
        }
    }

    @Test func copiesAFileAndSaysWhereItWasShorter() throws {
        let text = String(repeating: "0123456789", count: 100_000)
        try tree.put("from", text)
        for (asked, copied) in [(text.utf8.count, text.utf8.count), (text.utf8.count + 5, text.utf8.count), (7, 7), (0, 0)] {
            let source = try tree.descriptor.open("from", flags: .readOnly)
            let target = try tree.descriptor.open("to", flags: [.writeOnly, .create, OpenFlags(rawValue: 0o1000)], mode: 0o600)
            #expect(try source.copy(asked, to: target) == copied)
            #expect(try tree.text("to") == String(text.prefix(copied)))
        }
    }

    @Test func removesATreeWithAllThatIsInIt() throws {
        try FileDescriptor.makeDirectories(tree.path + "/a/b/c", mode: 0o700, parentMode: 0o700)
        try tree.put("a/b/file", "x")
        try tree.put("kept", "x")
        try tree.link("a/link", to: tree.path + "/kept")
        try tree.descriptor.removeAll("a")
        #expect(try tree.names() == ["kept"])
    }

    @Test func findsOutWhetherTwoAreOneFile() throws {
        try tree.put("a", "")
        try tree.put("b", "")
        try tree.link("c", to: "a")
        let a = try tree.descriptor.open("a", flags: .path).status()
        #expect(try a.isSameFile(as: tree.descriptor.open("c", flags: .path).status()))
        #expect(try !a.isSameFile(as: tree.descriptor.open("b", flags: .path).status()))
    }
}
