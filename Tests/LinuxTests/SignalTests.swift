import Bytes
import Errors
import Linux
import Testing

@Suite struct SignalTests {
    @Test(
        arguments: [
            ("TERM", 15), ("SIGTERM", 15), ("term", 15), ("sigKill", 9), ("15", 15), ("0", 0), ("64", 64), ("USR1", 10),
            ("SIGIOT", 6), ("POLL", 29), ("RTMIN", 34), ("SIGRTMIN+3", 37), ("RTMAX", 64), ("SIGRTMAX-1", 63), ("rtmin+30", 64),
        ] as [(String, Int32)])
    func knowsSignalsByNameAndNumber(_ text: String, _ number: Int32) throws {
        #expect(try Signal.number(named: ByteString(text)) == number)
    }

    @Test(arguments: [
        "", "NOSUCH", "SIG", "65", "-9", "9x", "SIG9", "4294967305", "RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN+-1",
        "RTMI",
        "SIGSIGTERM", "TERM ",
    ])
    func refusesWhatIsNoSignal(_ text: String) {
        #expect { try Signal.number(named: ByteString(text)) } throws: {
            ($0 as? RuntimeError)?.sentence == "unknown signal \"\(text)\""
        }
    }

    @Test func namesNumbersByTheirUsualName() {
        #expect(Signal.name(of: 6) == "SIGABRT")
        #expect(Signal.name(of: 9) == "SIGKILL")
        #expect(Signal.name(of: 34) == nil)
    }
}
