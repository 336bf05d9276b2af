extension [UInt8] {
    /// Appends the lowest `digits` digits of a number in hexadecimal.
    public mutating func appendHexadecimal(_ number: UInt64, digits: Int) {
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(place * 4) & 0xF)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}

extension ByteString {
    /// Writes two digits for each byte.
    public init(hexadecimal bytes: [UInt8]) {
        var text: [UInt8] = []
        for byte in bytes { text.appendHexadecimal(UInt64(byte), digits: 2) }
        self.init(text)
    }

    /// Writes a number without leading zeros.
    public init(hexadecimal number: UInt64) {
        var text: [UInt8] = []
        text.appendHexadecimal(number, digits: max(1, (67 - number.leadingZeroBitCount) / 4))
        self.init(text)
    }

    /// The number that the text is in hexadecimal; nil for other texts, and for more than 16 digits.
    public var hexadecimal: UInt64? {
        guard !isEmpty, count <= 16 else { return nil }
        var number: UInt64 = 0
        for byte in bytes {
            guard let value = byte.hexadecimalValue else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }
}
