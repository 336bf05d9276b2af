import Bytes
import CLinux
import Errors
@testable import Linux
import Testing

@Suite struct OwnProcessTests {
    @Test func putsTextsIntoOneArrayWithNilAtItsEnd() {
        let array = CStringArray(["a", "", "b c", ByteString([0xFF])])
        let texts = (0..<4).map { array.pointer[$0].map { ByteString(cString: $0) } }
        #expect(texts == ["a", "", "b c", ByteString([0xFF])])
        #expect(array.pointer[4] == nil)
        #expect(CStringArray([]).pointer[0] == nil)
    }

    @Test func findsTheVariablesOfItsOwnEnvironment() throws {
        let entry = try #require(OwnEnvironment.entries.first { $0.hasPrefix("PATH=") })
        #expect(OwnEnvironment.value(of: "PATH") == entry.dropFirst(5))
        #expect(OwnEnvironment.value(of: "PAT") == nil)
        #expect(OwnEnvironment.value(of: "") == nil)
    }

    @Test func sharesItsNamespacesWithItself() throws {
        let procfs = try ProcFileSystem.checked()
        for kind in ["user", "net", "mnt", "ipc"] as [ByteString] {
            #expect(try procfs.sharesNamespace(kind, with: ByteString(decimal: getpid())))
            let own = try procfs.namespace(kind, of: procfs.own())
            #expect(try own.isSameFile(as: procfs.openNamespace(kind, of: procfs.own()).status()))
        }
        #expect(try !procfs.namespace("net", of: procfs.own()).isSameFile(as: procfs.namespace("ipc", of: procfs.own())))
        let error = #expect(throws: SystemError.self) { try procfs.namespace("nonsense", of: procfs.own()) }
        #expect(error?.errno == .ENOENT)
    }

    @Test(arguments: [
        ("         0          0 4294967295\n", false), ("         0          0 4294967294\n", true),
        ("         0       1000          1\n", true),
        ("         1          0 4294967295\n", true), ("", true),
    ])
    func tellsTheFirstUserNamespaceByItsMap(_ map: String, _ isPart: Bool) { #expect(Linux.isPart(Array(map.utf8)) == isPart) }
}
