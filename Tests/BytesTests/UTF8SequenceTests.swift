import Bytes
import Testing

@Suite struct UTF8SequenceTests {
    private func length(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBufferPointer { $0.characterLength(at: 0) } }

    /// Compares with the standard library's decoder, for each first byte and the limits of the bytes that may follow.
    @Test func agreesWithTheStandardLibrary() {
        let second: [UInt8] = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
        let later: [UInt8] = [0x41, 0x80, 0xBF, 0xC0]
        for first in UInt8.min...UInt8.max {
            for b in second {
                for c in later {
                    for d in later {
                        let bytes = [first, b, c, d]
                        var decoder = UTF8()
                        var iterator = bytes.makeIterator()
                        var expected: Int?
                        if case .scalarValue(let scalar) = decoder.decode(&iterator) { expected = UTF8.width(scalar) }
                        #expect(length(bytes) == expected)
                    }
                }
            }
        }
    }

    @Test(arguments: [[0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98]] as [[UInt8]]) func refusesWhatEndsTooEarly(_ bytes: [UInt8]) {
        #expect(length(bytes) == nil)
    }
}
