extension UInt8 {
    /// "0" to "9".
    public var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    /// "a" to "z" and "A" to "Z".
    public var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }

    /// The value of a hexadecimal digit of either case: nil for any other byte.
    public var hexadecimalValue: UInt8? {
        if isDigit { return self - UInt8(ascii: "0") }
        let letter = (self | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }
}
