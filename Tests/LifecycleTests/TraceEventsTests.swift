import Bytes
import Foundation
import Linux
import Testing

@testable import Lifecycle

@Suite struct TraceEventsTests {
    private struct Event: Decodable, Equatable {
        var ph: String
        var name: String
        var tid: Int
        var ts: Double?
        var dur: Double?
    }

    private func note(_ step: ByteString, _ pid: Int32, _ time: Int64) -> StepNotes.Note {
        StepNotes.Note(step: step, pid: pid, time: time)
    }

    /// The events other than names of processes.
    private func events(_ notes: [StepNotes.Note], end: Int64) throws -> [Event] {
        let text = TraceEvents(notes, command: "wherry run web", end: end).text
        #expect(text.isEmpty || text.suffix(2).elementsEqual(",\n".utf8))
        let array = Data("[".utf8) + text.dropLast(2) + Data("]".utf8)
        return try JSONDecoder().decode([Event].self, from: array).filter { $0.ph != "M" }
    }

    @Test func stepTakesUntilTheNextOneOfItsProcess() throws {
        let notes = [note("plan", 70, 1_000_001_500), note("isolate", 1, 1_000_003_000), note("clone", 70, 1_000_004_000)]
        #expect(
            try events(notes, end: 1_000_009_000) == [
                Event(ph: "X", name: "plan", tid: 0, ts: 1_000_001.5, dur: 2.5),
                Event(ph: "X", name: "clone", tid: 0, ts: 1_000_004, dur: 5),
                Event(ph: "X", name: "isolate", tid: 1, ts: 1_000_003, dur: 6),
            ])
    }

    @Test func stepsOfTheOthersEndWhenTheProgramRuns() throws {
        let notes = [note("start", 70, 1000), note("execve", 1, 2000), note("", 70, 5000), note("wait for end", 70, 6000)]
        #expect(
            try events(notes, end: 9000) == [
                Event(ph: "X", name: "start", tid: 0, ts: 1, dur: 5),
                Event(ph: "X", name: "wait for end", tid: 0, ts: 6, dur: 3),
                Event(ph: "X", name: "execve", tid: 1, ts: 2, dur: 3),
            ])
    }

    @Test func nothingIsWrittenWithoutSteps() throws { #expect(try events([], end: 1) == []) }
}
