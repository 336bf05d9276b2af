import Bytes
import Errors
import Testing

@testable import Cgroups

@Suite struct CgroupPathTests {
    @Test(
        arguments: [
            ("/docker/abc", "docker/abc"), ("docker/abc", "docker/abc"), ("//a///b/", "a/b"), ("/./a/./b", "a/b"),
            ("/a..b/...", "a..b/..."), ("/a:b:c", "a:b:c"), ("a:b", "a:b"),
        ] as [(ByteString, ByteString)])
    func takesAbsoluteAndRelativePathsFromTheMountPointOn(path: ByteString, expected: ByteString) throws {
        #expect(try CgroupPath(path, id: "x").relative == expected)
    }

    @Test func namesTheCgroupAfterTheContainerWhereThereIsNoPath() throws {
        #expect(try CgroupPath(nil, id: "ct1").relative == "ct1")
        #expect(try CgroupPath(nil, id: "ct1", base: "/user.slice/app.slice/").relative == "user.slice/app.slice/ct1")
    }

    @Test(arguments: ["/a/../b", "..", "../x", "/a/..", "/", "", "//", "/.", "/a\n/b"] as [ByteString])
    func refusesPathsThatLeadOutOrNowhere(path: ByteString) throws {
        let error = try #require(throws: RuntimeError.self) { try CgroupPath(path, id: "x") }
        #expect(error.pointer == "/linux/cgroupsPath")
        #expect(error.code == .invalidConfig)
    }

    @Test(arguments: ["system.slice:docker:abc", ":crio:abc", "user.slice::x"] as [ByteString])
    func refusesSystemdsFormAndSaysHowToGetIt(path: ByteString) throws {
        let error = try #require(throws: RuntimeError.self) { try CgroupPath(path, id: "x") }
        #expect(error.hint?.contains("cgroupfs") == true)
    }
}
