import Bytes
import Testing

@testable import Systemd

@Suite struct BusMessageTests {
    /// The answer to StartTransientUnit as a bus sends it, with a field that we don't know (9, the number of descriptors).
    private static let whole = wire(
        """
        6c 02 01 01 27000000 05000000 38000000
        05 01 'u' 00 03000000
        07 01 's' 00 04000000 ':1.1' 00 000000
        06 01 's' 00 04000000 ':1.7' 00 000000
        08 01 'g' 00 01 'o' 00 00
        09 01 'u' 00 00000000
        22000000 '/org/freedesktop/systemd1/job/1234' 00
        """)

    private func job(_ bytes: [UInt8]) throws(MalformedMessage) -> ByteString? {
        guard try BusMessage.size(prefix: bytes.prefix(BusMessage.prefixSize)) == bytes.count,
            let message = try BusMessage.decode(bytes)
        else { return nil }
        var reader = try message.reader(of: "o")
        let path = try reader.objectPath()
        _ = message.text
        return path
    }

    @Test func answerOfABusIsRead() throws {
        #expect(Self.whole.count == 16 + 56 + 39)
        let message = try #require(try BusMessage.decode(Self.whole))
        #expect(message.kind == .reply)
        #expect(message.serial == 5)
        #expect(message.replySerial == 3)
        #expect(message.sender == ":1.1")
        #expect(message.destination == ":1.7")
        #expect(try job(Self.whole) == "/org/freedesktop/systemd1/job/1234")
    }

    @Test func callIsWrittenAsSpecified() throws {
        var message = BusMessage(.call, serial: 2)
        message.path = "/o"
        message.interface = "a.b"
        message.member = "M"
        message.destination = "c.d"
        message.signature = "u"
        message.body = wire("01000000")
        let bytes = try message.encoded()
        #expect(
            bytes
                == wire(
                    """
                    6c 01 00 01 04000000 02000000 47000000
                    01 01 'o' 00 02000000 '/o' 00 0000000000
                    02 01 's' 00 03000000 'a.b' 00 00000000
                    03 01 's' 00 01000000 'M' 00 000000000000
                    06 01 's' 00 03000000 'c.d' 00 00000000
                    08 01 'g' 00 01 'u' 00 00
                    01000000
                    """), "\(hex(bytes))")
    }

    @Test func everyTruncationIsAnErrorOrNoMessage() {
        for count in 0..<Self.whole.count {
            let part = Array(Self.whole.prefix(count))
            #expect(throws: MalformedMessage.self, "\(count)") { try BusMessage.decode(part) }
            #expect((try? job(part)) == nil, "\(count)")
        }
    }

    /// A trap would end the test's process.
    @Test func everyDamagedByteIsAnErrorOrAValue() {
        var accepted = 0
        for index in Self.whole.indices {
            for mask in 1...255 as ClosedRange<UInt8> {
                var bytes = Self.whole
                bytes[index] ^= mask
                if (try? job(bytes)) != nil { accepted += 1 }
                _ = try? BusMessage.size(prefix: bytes.prefix(BusMessage.prefixSize))
                if let message = try? BusMessage.decode(bytes) {
                    var reader = MessageReader(message.body)
                    try? reader.skip(message.signature)
                    var other = MessageReader(message.body)
                    _ = try? UnitProperty.Value(variant: &other)
                }
            }
        }
        // Serials, flags, letters of names: far from all of them.
        #expect(accepted > 0 && accepted < Self.whole.count * 255 / 2)
    }

    @Test func randomBytesAreAnErrorOrAValue() {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        for round in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<(round % 96) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Small numbers are more often lengths that fit.
                bytes.append(UInt8(truncatingIfNeeded: state >> 33) & (state >> 60 < 8 ? 0x0F : 0xFF))
            }
            let head = wire("6c 02 00 01 00000000 01000000")
            _ = try? BusMessage.decode(head + bytes)
            _ = try? BusMessage.size(prefix: bytes.prefix(BusMessage.prefixSize))
            for types in ["v", "a{sv}", "a(sv)", "sogb", "aas", "(t(yn))"] as [ByteString] {
                var reader = MessageReader(bytes)
                try? reader.skip(types)
            }
        }
    }

    @Test func messagesOfUnknownKindAndBigEndianOnesAreIgnored() throws {
        var bytes = Self.whole
        bytes[1] = 9
        #expect(try BusMessage.decode(bytes) == nil)
        bytes = Self.whole
        bytes[0] = UInt8(ascii: "B")
        #expect(try BusMessage.decode(bytes) == nil)
        #expect(try BusMessage.size(prefix: wire("42 04 00 01 00000008 00000001 00000009")[...]) == 16 + 16 + 8)
    }

    @Test func headersThatBreakARuleAreRefused() {
        func reason(_ bytes: String) -> String {
            do throws(MalformedMessage) {
                _ = try BusMessage.size(prefix: wire(bytes).prefix(BusMessage.prefixSize))
                return try BusMessage.decode(wire(bytes)) == nil ? "ignored" : "accepted"
            } catch { return error.text }
        }
        let noFields = "00000000 01000000 00000000"
        #expect(reason("78 02 00 01 " + noFields) == "its byte order is unknown")
        #expect(reason("6c 02 00 02 " + noFields) == "its version of the protocol is unknown")
        #expect(reason("6c 00 00 01 " + noFields) == "its kind is invalid")
        #expect(reason("6c 02 00 01 00000000 00000000 00000000") == "its serial is 0")
        #expect(reason("6c 02 00 01 " + noFields) == "a header field is missing")
        #expect(reason("6c 02 00 01 00000000 01000000 ffffffff") == "it is too long")
        #expect(reason("6c 02 00 01 ffffffff 01000000 00000000") == "it is too long")
        #expect(reason("6c 02 00 01 00000000 01000000 08000000 05 01 'u' 00 01000000") == "accepted")
        #expect(reason("6c 02 00 01 00000000 01000000 08000000 00 01 'u' 00 01000000") == "a header field is invalid")
        #expect(
            reason("6c 02 00 01 00000000 01000000 08000000 05 01 'i' 00 01000000") == "a value has another type than expected")
        #expect(
            reason("6c 02 00 01 01000000 01000000 08000000 05 01 'u' 00 01000000") == "its size isn't the one that it gives")
        #expect(
            reason("6c 02 00 01 01000000 01000000 08000000 05 01 'u' 00 01000000 07") == "it has a body without a signature")
    }
}
