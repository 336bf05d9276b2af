import Bytes

extension ByteString {
    /// Two digits for each byte.
    init(hexadecimal bytes: [UInt8]) {
        var text: [UInt8] = []
        for byte in bytes { text += [ByteString.digit(byte >> 4), ByteString.digit(byte & 0xF)] }
        self.init(text)
    }

    /// The number without zeros before it.
    init(hexadecimal number: UInt64) {
        var digits: [UInt8] = []
        var rest = number
        repeat {
            digits.append(ByteString.digit(UInt8(rest & 0xF)))
            rest >>= 4
        } while rest > 0
        self.init(digits.reversed())
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }

    /// The number that the digits are: nil for all else, and for more than 64 bits.
    var hexadecimal: UInt64? {
        guard !isEmpty, count <= 16 else { return nil }
        var number: UInt64 = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
