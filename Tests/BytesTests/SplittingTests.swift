import Bytes
import Testing

@Suite struct SplittingTests {
    @Test(arguments: ["", ":", "a", "a:b", ":a::b:", "a:b:c:d:e:f:g:h", "::"], [0, 1, 2, 6, .max])
    func splitsAsTheStandardLibraryDoes(text: String, most: Int) {
        for omitting in [false, true] {
            let expected = text.split(separator: ":", maxSplits: most, omittingEmptySubsequences: omitting).map { Array($0.utf8) }
            let bytes = [0x3A, 0x3A] + Array(text.utf8)
            let found = bytes[2...].split(separator: UInt8(ascii: ":"), maxSplits: most, omittingEmptySubsequences: omitting)
            #expect(found.map { Array($0) } == expected)
        }
    }
}
