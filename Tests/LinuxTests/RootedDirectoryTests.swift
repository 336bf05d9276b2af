import Bytes
import CLinux
import Errors
import Linux
import Testing

/// Paths in a tree that stands for a container's root. The file "canary" beside the root must never be reached.
@Suite struct RootedDirectoryTests {
    private let tree: TemporaryDirectory

    init() throws {
        tree = try TemporaryDirectory()
        try tree.descriptor.makeDirectory("root", mode: 0o755)
        try tree.put("canary", "outside")
        try tree.put("root/file", "inside")
    }

    private func root() throws -> RootedDirectory {
        RootedDirectory(adopting: try tree.descriptor.open("root", flags: [.path, .directory]))
    }

    private func text(_ path: ByteString) throws -> String {
        ByteString(try root().open(path, flags: .readOnly).readAll(limit: 100)).displayText
    }

    @Test(arguments: ["file", "/file", "../file", "/../../file", "./a/../file", "//file"]) func resolvesEachPathInside(
        _ path: String
    )
        throws
    {
        try tree.descriptor.makeDirectory("root/a", mode: 0o755)
        #expect(try text(ByteString(path)) == "inside")
    }

    @Test(arguments: ["../canary", "../../canary", "/canary", "link/../../canary"]) func leadsNowhereOutside(_ path: String)
        throws
    {
        try tree.link("root/link", to: "..")
        try tree.link("root/absolute", to: tree.path)
        for path in [ByteString(path), "absolute/canary"] {
            let error = #expect(throws: SystemError.self) { try root().open(path) }
            #expect(error?.errno == .ENOENT)
        }
    }

    @Test func followsLinksInside() throws {
        try tree.link("root/relative", to: "../../file")
        try tree.link("root/absolute", to: "/file")
        #expect(try text("relative") == "inside")
        #expect(try text("absolute") == "inside")
    }

    @Test func refusesMagicLinks() throws {
        let own = RootedDirectory(adopting: try FileDescriptor.open("/proc/self", flags: [.path, .directory]))
        let error = #expect(throws: SystemError.self) { try own.open("root") }
        #expect(error?.errno == .ELOOP)
    }

    @Test func takesNoLinkWhereNoneMayBe() throws {
        try tree.link("root/link", to: "file")
        let error = #expect(throws: SystemError.self) { try root().openWithoutLinks("link") }
        #expect(error?.errno == .ELOOP)
        _ = try root().openWithoutLinks("/file")
    }

    @Test func makesDirectoriesThatAreMissing() throws {
        _ = try root().makeDirectories("/a/../b/./c")
        #expect(try tree.names("root") == ["a", "b", "file"])
        #expect(try tree.mode("root/b/c") == 0o755)
    }

    @Test func makesAFileToMountOn() throws {
        #expect(try root().makeFile("/new/place").status().kind == .regular)
        #expect(try tree.text("root/new/place") == "")
        // An existing file or directory stays as it is.
        #expect(try root().makeFile("new").status().kind == .directory)
        #expect(try root().makeFile("file").status().size == 6)
    }

    /// Relative and absolute links both end inside the root.
    @Test func makesWhatALinkToNowherePointsTo() throws {
        try tree.link("root/absolute", to: "/made/here")
        try tree.link("root/relative", to: "../../there")
        _ = try root().makeDirectories("absolute/below")
        _ = try root().makeFile("relative")
        #expect(try tree.names("root/made/here") == ["below"])
        #expect(try tree.names("root") == ["absolute", "file", "made", "relative", "there"])
        #expect(try tree.names() == ["canary", "root"])
    }

    @Test func makesNoDirectoryBelowAFile() throws {
        let error = #expect(throws: SystemError.self) { try root().makeDirectories("file/a") }
        #expect(error?.errno == .ENOTDIR)
    }

    @Test func givesTheParentOfAPathAndItsName() throws {
        let entry = try root().parent(of: "/a/b/name/")
        #expect(entry.name == "name")
        try entry.directory.makeDirectory(entry.name, mode: 0o700)
        #expect(try tree.names("root/a/b") == ["name"])
        for path in ["/", "a/..", ""] as [ByteString] {
            let error = #expect(throws: SystemError.self) { try root().parent(of: path) }
            #expect(error?.errno == .EINVAL)
        }
    }
}
