extension FixedWidthInteger {
    /// The number that the bytes are in decimal: digits, with an optional "-" before them. nil for other texts, and for a
    /// number that the type can't hold.
    public init?(decimal bytes: UnsafeBufferPointer<UInt8>) {
        let isNegative = bytes.first == UInt8(ascii: "-")
        guard let magnitude = wholeNumber(in: bytes, from: isNegative ? 1 : 0) else { return nil }
        if isNegative {
            guard magnitude <= Self.min.magnitude else { return nil }
            self = 0 &- Self(truncatingIfNeeded: magnitude)
        } else {
            guard magnitude <= Self.max.magnitude else { return nil }
            self = Self(truncatingIfNeeded: magnitude)
        }
    }
}

/// Reads digits. The function is compiled once for all types of number, which have at most 64 bits.
@inline(never)
private func wholeNumber(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> UInt64? {
    guard bytes.count > start else { return nil }
    var number: UInt64 = 0
    for index in start..<bytes.count {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        let (tens, tensOverflow) = number.multipliedReportingOverflow(by: 10)
        let (sum, sumOverflow) = tens.addingReportingOverflow(UInt64(digit))
        guard !tensOverflow, !sumOverflow else { return nil }
        number = sum
    }
    return number
}
