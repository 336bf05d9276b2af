import Bytes
import Testing

@Suite struct DecimalTests {
    @Test func readsEveryNumberInRange() {
        #expect(ByteString("0").decimal() == UInt8(0))
        #expect(ByteString("255").decimal() == UInt8(255))
        #expect(ByteString("-128").decimal() == Int8(-128))
        #expect(ByteString("007").decimal() == 7)
        #expect(ByteString("18446744073709551615").decimal() == UInt64.max)
        #expect(ByteString("-9223372036854775808").decimal() == Int64.min)
    }

    @Test(arguments: ["", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "--1", "1-", "٣", "18446744073709551616", "-1"])
    func refusesWhatIsNoNumberInRange(_ text: String) {
        #expect(ByteString(text).decimal(as: UInt64.self) == nil)
    }

    @Test func refusesWhatIsOneTooFar() {
        #expect(ByteString("256").decimal(as: UInt8.self) == nil)
        #expect(ByteString("128").decimal(as: Int8.self) == nil)
        #expect(ByteString("-129").decimal(as: Int8.self) == nil)
        #expect(ByteString("9223372036854775808").decimal(as: Int64.self) == nil)
    }

    @Test(arguments: [0, 1, -1, 10, Int.max, Int.min]) func readsBackWhatItWrote(_ number: Int) {
        #expect(ByteString(decimal: number).decimal() == number)
        #expect(ByteString(decimal: number).displayText == "\(number)")
    }
}
