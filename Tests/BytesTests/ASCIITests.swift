import Bytes
import Testing

@Suite struct ASCIITests {
    @Test func tellsLettersAndDigitsFromAllOtherBytes() {
        let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        #expect(Set((UInt8.min...UInt8.max).filter { $0.isLetter }) == letters)
        #expect(Set((UInt8.min...UInt8.max).filter { $0.isDigit }) == Set("0123456789".utf8))
    }

    @Test(
        arguments: [(0xA0F, 4, "0a0f"), (0xA0F, 2, "0f"), (0, 1, "0"), (UInt64.max, 16, "ffffffffffffffff")]
            as [(UInt64, Int, String)])
    func writesHexadecimalDigits(_ number: UInt64, _ digits: Int, _ text: String) {
        var bytes = Array("x".utf8)
        bytes.appendHexadecimal(number, digits: digits)
        #expect(bytes == Array(("x" + text).utf8))
    }

    @Test(
        arguments: [("0", 0), ("a0f", 0xA0F), ("ffffffffffffffff", UInt64.max), ("000a", 10), ("AF", 0xAF)] as [(String, UInt64)])
    func readsHexadecimalNumbers(_ text: String, _ number: UInt64) { #expect(ByteString(text).hexadecimal == number) }

    @Test(arguments: ["", "g", "G", "0x1", "1 ", "10000000000000000"])
    func refusesWhatIsNoHexadecimalNumber(_ text: String) { #expect(ByteString(text).hexadecimal == nil) }

    @Test func writesTheShortestHexadecimalNumber() {
        #expect(ByteString(hexadecimal: 0) == "0")
        #expect(ByteString(hexadecimal: 0x1F0) == "1f0")
        #expect(ByteString(hexadecimal: UInt64.max) == "ffffffffffffffff")
    }

    @Test func writesTwoHexadecimalDigitsForEachByte() { #expect(ByteString(hexadecimal: [0, 0x1F, 0xFF]) == "001fff") }
}
