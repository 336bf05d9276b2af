import Bytes
import Testing

@testable import Linux

@Suite struct MountTableTests {
    @Test func readsTheLinesOfATable() {
        let table: ByteString = """
            31 23 0:28 / / rw,relatime - overlay overlay rw
            32 31 0:29 /part /a\\040b rw,relatime shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct
            short line
            x 31 0:29 / /c rw - proc proc rw
            """
        let entries = MountTableEntry.parse(table.bytes)
        #expect(entries.map { $0.id } == [31, 32])
        #expect(entries.map { $0.parent } == [23, 31])
        #expect(entries.map { $0.device } == ["0:28", "0:29"])
        #expect(entries.map { $0.root } == ["/", "/part"])
        #expect(entries.map { $0.place } == ["/", "/a b"])
        #expect(entries.map { $0.type } == ["overlay", "cgroup"])
        #expect(entries.map { $0.options } == ["rw", "rw,cpu,cpuacct"])
    }

    @Test(arguments: [("a\\134b", "a\\b"), ("\\011", "\t"), ("\\9", "\\9"), ("x\\04", "x\\04")] as [(ByteString, ByteString)])
    func undoesOctalEscapesOnly(field: ByteString, expected: ByteString) {
        #expect(MountTableEntry.unescaped(field) == expected)
    }
}
