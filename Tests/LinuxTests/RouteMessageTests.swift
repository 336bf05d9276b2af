import Testing

@testable import Linux

@Suite("messages of rtnetlink")
struct RouteMessageTests {
    /// An answer with this kind, number and body.
    private func answer(_ kind: UInt16, _ sequence: UInt32, _ body: [UInt8]) -> [UInt8] {
        UInt32(16 + body.count).bytes + kind.bytes + UInt16(0).bytes + sequence.bytes + UInt32(0).bytes + body
    }

    @Test func requestHasItsLengthAndNumber() {
        var request = RouteMessage(RouteMessage.Kind.getLink, "RTM_GETLINK")
        request.append(attribute: 3, [1, 2, 3, 4, 5])
        let bytes = request.numbered(77)
        // The attribute's length counts its header, but not the padding to a multiple of four.
        #expect(bytes.count == 16 + 12 && bytes.number(at: 0) == UInt32(28) && bytes.number(at: 8) == UInt32(77))
        #expect(bytes.number(at: 16) == UInt16(9) && Array(bytes[20...]) == [1, 2, 3, 4, 5, 0, 0, 0])
    }

    @Test func severalAnswersArriveAtOnce() {
        let bytes = answer(16, 1, [1, 2, 3, 4]) + answer(3, 1, [0, 0, 0, 0])
        let answers = RouteAnswer.all(in: bytes)
        #expect(answers.map { $0.kind } == [16, 3] && answers.first?.body == [1, 2, 3, 4])
    }

    @Test func attributesFollowTheFixedPart() {
        let body: [UInt8] =
            [9, 9, 9, 9] + UInt16(6).bytes + UInt16(3 | 1 << 15).bytes + [7, 8, 0, 0] + UInt16(4).bytes + UInt16(5).bytes
        let attributes = RouteAnswer.all(in: answer(16, 1, body)).first?.attributes(after: 4) ?? []
        #expect(attributes.map { $0.kind } == [3, 5] && attributes.map { $0.payload } == [[7, 8], []])
    }

    @Test(
        arguments: [
            ([10, 0, 255, 1], "10.0.255.1"), ([0xFD, 0x77] + [UInt8](repeating: 0, count: 13) + [1], "fd77::1"),
            ([UInt8](repeating: 0, count: 16), "::"), ([UInt8](repeating: 0, count: 15) + [1], "::1"),
            ([0x20, 1, 0xD, 0xB8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x0A, 0xBC], "2001:db8:0:1::abc"),
            ([0xFE, 0x80] + [UInt8](repeating: 0, count: 14), "fe80::"),
            ([0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0, 0, 8], "1:2:3:4:5:6:0:8"),
            ([0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 7, 0, 8], "::3:4:0:0:7:8"), ([], ""),
        ] as [([UInt8], String)])
    func addressIsWrittenAsPeopleDo(address: [UInt8], text: String) {
        #expect(InterfaceAddress.text(of: address).displayText == text)
    }

    /// The kernel sends no such thing. It must neither trap nor keep us for ever.
    @Test func damagedAnswersAreReadUpToTheDamage() {
        let whole = answer(16, 1, [9, 9, 9, 9] + UInt16(6).bytes + UInt16(3).bytes + [7, 8, 0, 0])
        for count in 0..<whole.count { #expect(RouteAnswer.all(in: Array(whole[..<count])).isEmpty) }
        for length in 0..<UInt32(16) {
            let bytes = length.bytes + whole[4...]
            #expect(RouteAnswer.all(in: bytes).isEmpty)
        }
        for length in [UInt16(0), 1, 3, 9, 200] {
            let body: [UInt8] = length.bytes + UInt16(3).bytes + [7, 8, 0, 0]
            #expect(RouteAnswer.all(in: answer(16, 1, body)).first?.attributes(after: 0).isEmpty == true)
        }
    }
}
