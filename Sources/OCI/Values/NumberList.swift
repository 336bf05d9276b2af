public import Bytes

/// A list of processors or memory nodes in the kernel's format, such as "0-3,7": cpuset(7), "List format".
public struct NumberList: Equatable, CheckedText {
    static let refusal: StaticString = "is no list of numbers and ranges such as 0-3,7"

    public let text: ByteString
    /// The ranges in the order of the text. None is empty.
    public let ranges: [ClosedRange<UInt32>]

    /// Larger than the numbers of any kernel.
    private static let highest: UInt32 = 65535

    public init?(_ text: ByteString) {
        var ranges: [ClosedRange<UInt32>] = []
        for part in text.split(separator: UInt8(ascii: ",")) {
            let bounds = part.splitOnce(separator: UInt8(ascii: "-")) ?? (part, part)
            guard let first: UInt32 = bounds.0.decimal(), let last: UInt32 = bounds.1.decimal() else { return nil }
            guard first <= last, last <= NumberList.highest else { return nil }
            ranges.append(first...last)
        }
        self.text = text
        self.ranges = ranges
    }

    /// A mask with bit n for number n, in whole words of eight bytes, as sched_setaffinity(2) and set_mempolicy(2) take it.
    public var mask: [UInt8] {
        let highest = ranges.reduce(0) { max($0, Int($1.upperBound)) }
        var mask = [UInt8](repeating: 0, count: (highest / 64 + 1) * 8)
        for range in ranges {
            for number in range { mask[Int(number) / 8] |= 1 << UInt8(number % 8) }
        }
        return mask
    }
}
