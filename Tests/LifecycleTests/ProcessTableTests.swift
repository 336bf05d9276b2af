import Bytes
import Testing

@testable import Lifecycle

@Suite struct ProcessTableTests {
    private func rows(_ output: String, of processes: [Int32]) -> String? {
        ProcessTable(Array(output.utf8)).map { String(decoding: $0.rows(of: SortedSet(processes)), as: UTF8.self) }
    }

    private let table = """
        UID          PID    PPID  C STIME TTY          TIME CMD
        root           1       0  0 08:00 ?        00:00:01 init
        root          42       1  0 08:00 ?        00:00:00 sleep 7
        root           7      42  0 08:00 ?        00:00:00 sleep 42

        """

    @Test func keepsTheHeaderAndTheProcessesAskedFor() {
        let rows = rows(table, of: [42])
        #expect(rows?.split(separator: "\n").map { $0.suffix(7) } == ["IME CMD", "sleep 7"])
        #expect(self.rows(table, of: [1, 42, 7]) == table)
    }

    @Test func keepsTheHeaderAlone() {
        #expect(rows(table, of: [])?.split(separator: "\n").count == 1)
    }

    @Test func findsTheColumnBehindOneWithSpaces() {
        let table = "COMMAND          PID\nsleep 50          12\nsleep 12          50\n"
        #expect(rows(table, of: [12]) == "COMMAND          PID\nsleep 50          12\n")
    }

    @Test func findsAColumnThatALongNameHasMoved() {
        let table = "USER     PID %CPU\nroot       1  0.0\nadministrator-of-all 12 0.0\nmüller    12  0.0\n"
        #expect(rows(table, of: [12]) == "USER     PID %CPU\nadministrator-of-all 12 0.0\nmüller    12  0.0\n")
    }

    @Test(arguments: ["", "\n", "COMMAND PPID\nsleep 12\n", "  12\n  13\n"]) func needsTheColumn(output: String) {
        #expect(rows(output, of: [12]) == nil)
    }
}
