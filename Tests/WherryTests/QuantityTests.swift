import Bytes
import Testing

@testable import wherry

@Suite struct QuantityTests {
    @Test(
        arguments: [
            ("0", 0), ("512", 512), ("512m", 512 << 20), ("512M", 512 << 20), ("1kb", 1024), ("64 KiB", 64 << 10),
            ("1.5g", 3 << 29),
            ("0.5k", 512), ("2T", 2 << 40), ("1p", 1 << 50), ("10b", 10), ("-1", -1), ("9223372036854775807", Int64.max),
        ] as [(ByteString, Int64)])
    func readsAmountsOfMemory(text: ByteString, bytes: Int64) {
        #expect(Quantity.bytes(text) == bytes)
    }

    @Test(arguments: [
        "", "m", "-2", "-1m", "1mm", "1m2", "1.m", ".5m", "1,5m", "0x10", "1e3", "9223372036854775808", "8192p", "1 m ",
    ])
    func refusesOtherAmounts(text: String) {
        #expect(Quantity.bytes(ByteString(text)) == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("5s", 5_000_000_000), ("500ms", 500_000_000), ("1m30s", 90_000_000_000), ("1.5s", 1_500_000_000),
            ("1h0m0s", 3_600_000_000_000), ("10us", 10_000), ("10µs", 10_000), ("1ns", 1),
        ] as [(ByteString, Int64)])
    func readsDurations(text: ByteString, nanoseconds: Int64) {
        #expect(Quantity.duration(text) == nanoseconds)
    }

    @Test(arguments: ["", "5", "s", "-5s", "5 s", "5s ", "5d", "1.s", "5s5", "9999999999h"])
    func refusesOtherDurations(text: String) {
        #expect(Quantity.duration(ByteString(text)) == nil)
    }
}
