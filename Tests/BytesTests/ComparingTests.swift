import Bytes
import Testing

@Suite struct ComparingTests {
    // Bytes are compared eight at a time: the lengths cover whole blocks and the rest behind them.
    @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 40]) func seesEachByteThatDiffers(count: Int) {
        let bytes = (0..<count).map { UInt8($0) }
        #expect(ByteString(bytes) == ByteString(bytes))
        for place in 0..<count {
            var other = bytes
            other[place] ^= 0x80
            #expect(ByteString(bytes) != ByteString(other))
        }
        #expect(ByteString(bytes) != ByteString(bytes + [0]))
    }

    @Test func comparesWithTextsOfTheProgram() {
        #expect(ByteString([0x61, 0x62]) == "ab")
        #expect(ByteString([0x61, 0x62]) != "abc")
        #expect(ByteString([0x61, 0x62]) != "aB")
        #expect(ByteString([]) == "")
    }

    @Test(arguments: [("", "", true), ("a", "", true), ("abc", "ab", true), ("ab", "abc", false), ("abc", "ac", false)])
    func knowsItsBeginnings(text: String, prefix: String, isPrefix: Bool) {
        #expect(ByteString(text).hasPrefix(ByteString(prefix)) == isPrefix)
    }
}
