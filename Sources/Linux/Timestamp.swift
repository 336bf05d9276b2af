public import Bytes
import CLinux

/// A moment of the wall clock. Written in UTC always: a time zone file could come from anywhere.
public struct Timestamp: Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64
    /// 0 to 999,999,999.
    public var nanoseconds: Int64

    public init(seconds: Int64, nanoseconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The corresponding C function is `clock_gettime` with `CLOCK_REALTIME`.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    /// "2026-11-21T06:34:16Z", RFC 3339.
    public var rfc3339: ByteString { ByteString(wholeSeconds + [UInt8(ascii: "Z")]) }

    /// "2026-11-21T06:34:16.134106261Z", without the zeros at the fraction's end, as Go's `RFC3339Nano` writes it.
    public var rfc3339Nano: ByteString {
        var text = wholeSeconds
        if nanoseconds > 0 {
            text.append(UInt8(ascii: "."))
            appendPadded(nanoseconds, width: 9, to: &text)
            while text.last == UInt8(ascii: "0") { text.removeLast() }
        }
        return ByteString(text + [UInt8(ascii: "Z")])
    }

    private var wholeSeconds: [UInt8] {
        let days = (seconds - positiveRemainder(seconds, 86_400)) / 86_400
        let time = positiveRemainder(seconds, 86_400)
        let date = civilDate(daysSince1970: days)
        var text: [UInt8] = []
        appendPadded(date.year, width: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        appendPadded(date.month, width: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        appendPadded(date.day, width: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        appendPadded(time / 3600, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendPadded(time / 60 % 60, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendPadded(time % 60, width: 2, to: &text)
        return text
    }
}

/// The day of the Gregorian calendar. Counted in years that begin in March, since the leap day then is the last of a year, and
/// in cycles of 400 years, which have 146,097 days each.
private func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let days = daysSince1970 + 719_468  // since 0000-03-01
    let dayOfCycle = positiveRemainder(days, 146_097)
    let cycle = (days - dayOfCycle) / 146_097
    let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

private func positiveRemainder(_ number: Int64, _ divisor: Int64) -> Int64 {
    let rest = number % divisor
    return rest < 0 ? rest + divisor : rest
}

private func appendPadded(_ number: Int64, width: Int, to text: inout [UInt8]) {
    let digits = ByteString(decimal: number).bytes
    for _ in 0..<Swift.max(width - digits.count, 0) { text.append(UInt8(ascii: "0")) }
    text.append(contentsOf: digits)
}
