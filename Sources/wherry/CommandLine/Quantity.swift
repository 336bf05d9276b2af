import Bytes

/// Numbers with units, in the spellings that engines' libraries use.
enum Quantity {
    /// The nanoseconds of a duration in Go's form: "5s", "1m30s", "1.5h", "0". Any other text is nil, including a negative
    /// duration.
    static func duration(_ text: ByteString) -> Int64? {
        if text == "0" { return 0 }
        var rest = text.bytes[...]
        var sum: Int64 = 0
        repeat {
            guard let part = part(&rest, { nanoseconds(in: $0) }) else { return nil }
            let (total, overflow) = sum.addingReportingOverflow(part)
            guard !overflow else { return nil }
            sum = total
        } while !rest.isEmpty
        return sum
    }

    /// The bytes of an amount such as "1073741824", "512m", "1.5GiB" or "64 kb". "k", "kB" and "KiB" all stand for 1024 bytes,
    /// and so on. -1 stands for no limit. Any other text is nil.
    static func bytes(_ text: ByteString) -> Int64? {
        if text == "-1" { return -1 }
        var rest = text.bytes[...]
        guard let amount = part(&rest, { bytes(in: $0) }), rest.isEmpty else { return nil }
        return amount
    }

    /// A number without a unit. It may be negative.
    static func number(_ text: ByteString) -> Int64? { text.decimal() }

    /// Removes a number and its unit from the front, and multiplies it by the unit's scale. Fractions are cut after three
    /// digits.
    private static func part(_ rest: inout ArraySlice<UInt8>, _ scale: (ByteString) -> Int64?) -> Int64? {
        let whole = rest.prefix { $0.isDigit }
        rest = rest.dropFirst(whole.count)
        var thousandths: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { $0.isDigit }
            rest = rest.dropFirst(1 + fraction.count)
            guard !fraction.isEmpty else { return nil }
            for place in 0..<3 {
                let digit = place < fraction.count ? fraction[fraction.startIndex + place] - UInt8(ascii: "0") : 0
                thousandths = thousandths * 10 + Int64(digit)
            }
        }
        let unit = rest.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(unit.count)
        guard let number: Int64 = ByteString(whole).decimal(), let scale = scale(ByteString(unit)) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: scale)
        // The multiplication can't overflow: the largest scale times 1000 still fits.
        let (sum, sumOverflow) = product.addingReportingOverflow(scale * thousandths / 1000)
        return overflow || sumOverflow ? nil : sum
    }

    private static func nanoseconds(in unit: ByteString) -> Int64? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    private static func bytes(in unit: ByteString) -> Int64? {
        let letters = unit.bytes.first == UInt8(ascii: " ") ? unit.bytes.dropFirst() : unit.bytes[...]
        switch ByteString(letters.map { $0 | 0x20 }) {
        case "", "b": return 1
        case "k", "kb", "kib": return 1 << 10
        case "m", "mb", "mib": return 1 << 20
        case "g", "gb", "gib": return 1 << 30
        case "t", "tb", "tib": return 1 << 40
        case "p", "pb", "pib": return 1 << 50
        default: return nil
        }
    }
}
