import Bytes
import Testing

@Suite struct ByteBufferTests {
    @Test(arguments: [1, 7, 4096]) func growsBeyondItsFirstRoom(capacity: Int) {
        var buffer = ByteBuffer(capacity: capacity)
        var expected: [UInt8] = []
        for number in 0..<200 {
            buffer.append(UInt8(number))
            buffer.append("ab")
            buffer.append(ByteString(decimal: number))
            expected += [UInt8(number), 0x61, 0x62] + Array(String(number).utf8)
        }
        #expect(buffer.bytes == expected)
    }

    @Test func holdsNothingAtFirst() {
        #expect(ByteBuffer(capacity: 1).bytes == [])
    }
}
