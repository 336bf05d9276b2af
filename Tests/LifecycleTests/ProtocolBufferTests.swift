import Bytes
import Testing

@testable import Lifecycle

/// The examples are the encoding's own: https://protobuf.dev/programming-guides/encoding.
@Suite struct ProtocolBufferTests {
    @Test func encodesAsTheExamplesOfTheFormat() {
        var number = ProtocolBuffer()
        number.add(1, 150 as UInt64)
        #expect(number.bytes == [0x08, 0x96, 0x01])
        var text = ProtocolBuffer()
        text.add(2, "testing" as ByteString)
        #expect(text.bytes == [0x12, 0x07] + Array("testing".utf8))
        var nested = ProtocolBuffer()
        nested.add(3, number)
        #expect(nested.bytes == [0x1A, 0x03, 0x08, 0x96, 0x01])
    }

    @Test(arguments: [0, 1, 127, 128, 300, UInt64(UInt32.max), UInt64.max]) func numbersSurvive(number: UInt64) throws {
        var message = ProtocolBuffer()
        message.add(16, number)
        #expect(try #require(ProtocolBufferReader(message.bytes[...])).number(16) == number)
    }

    @Test func lastOfSeveralCounts() throws {
        var message = ProtocolBuffer()
        message.add(1, true)
        message.add(1, false)
        let reader = try #require(ProtocolBufferReader(message.bytes[...]))
        #expect(!reader.isOn(1))
        #expect(reader.number(2) == nil)
        #expect(reader.text(1) == nil)
    }

    @Test func negativeNumbersAreOf64Bits() throws {
        let bytes: [UInt8] = [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x01]
        #expect(try #require(ProtocolBufferReader(bytes[...])).integer(1) == -1)
    }

    @Test func fieldsOfFixedSizeArePassedOver() throws {
        let bytes: [UInt8] = [0x09] + [UInt8](repeating: 1, count: 8) + [0x15] + [1, 2, 3, 4] + [0x18, 5]
        #expect(try #require(ProtocolBufferReader(bytes[...])).number(3) == 5)
    }

    @Test func damagedMessagesAreRefused() {
        for bytes in [
            [0x08], [0x08, 0x80], [0x12, 0x05, 1], [0x0B], [0x09, 1, 2], [0x15, 1], [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        ]
            as [[UInt8]]
        {
            #expect(ProtocolBufferReader(bytes[...]) == nil, "\(bytes)")
        }
        let endless = [UInt8](repeating: 0x80, count: 20)
        #expect(ProtocolBufferReader(endless[...]) == nil)
    }
}
