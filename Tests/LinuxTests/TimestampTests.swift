import Linux
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_242_856, "2026-11-21T06:34:16Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
        ] as [(Int64, String)])
    func writesDatesOfTheCalendar(_ seconds: Int64, _ text: String) {
        #expect(Timestamp(seconds: seconds, nanoseconds: 0).rfc3339.displayText == text)
    }

    @Test func dropsTheZerosAtTheFractionsEnd() {
        #expect(Timestamp(seconds: 0, nanoseconds: 134_106_260).rfc3339Nano.displayText == "1970-01-01T00:00:00.13410626Z")
        #expect(Timestamp(seconds: 0, nanoseconds: 7).rfc3339Nano.displayText == "1970-01-01T00:00:00.000000007Z")
        #expect(Timestamp(seconds: 0, nanoseconds: 0).rfc3339Nano.displayText == "1970-01-01T00:00:00Z")
    }
}
