import Testing

@testable import Linux

@Suite("numbers in /proc/PID/status") struct OwnStatusTests {
    private func number(_ name: StaticString, in text: String) -> UInt64? {
        Array(text.utf8).withUnsafeBytes { OwnStatus.number(name, in: $0) }
    }

    private let text = "Name:\tSigIgn:\t1\nSigBlk:\t0000000000000001\nSigIgn:\t00000000180010fe\nCapBnd:\t000001ffffffffff\n"

    @Test func areReadFromTheLineWithTheirName() {
        #expect(number("SigIgn", in: text) == 0x1800_10fe)
        #expect(number("CapBnd", in: text) == 0x1ff_ffff_ffff)
        #expect(number("SigCgt", in: text) == nil)
    }

    // A process of many groups has a file that is longer than what is read of it.
    @Test func areMissingIfTheirLineIsCutOff() {
        for length in 0..<text.utf8.count {
            #expect(number("CapBnd", in: String(text.prefix(length))) == nil)
        }
    }

    @Test(arguments: ["SigIgn:\t00000000180010fg\n", "SigIgn:\t180010fe\n", "SigIgn 0000000000000000x\n", "\n\n", ""])
    func areMissingIfTheLineIsAnother(line: String) {
        #expect(number("SigIgn", in: line) == nil)
    }
}
