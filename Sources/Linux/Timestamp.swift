public import Bytes
import CLinux

/// A time on the wall clock. It's always written in UTC: a time zone file could come from anywhere.
public struct Timestamp: Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64
    /// 0 to 999,999,999.
    public var nanoseconds: Int64

    public init(seconds: Int64, nanoseconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The present time. The corresponding C function is `clock_gettime` with `CLOCK_REALTIME`.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    public var nanosecondsSince1970: Int64 { seconds * 1_000_000_000 + nanoseconds }

    /// The time to the second, as in RFC 3339: "2026-11-21T06:34:16Z".
    public var rfc3339: ByteString { ByteString(wholeSeconds + [UInt8(ascii: "Z")]) }

    /// The time to the nanosecond: "2026-11-21T06:34:16.134106261Z". Zeros at the end of the fraction are left out, as in Go's
    /// `RFC3339Nano`.
    public var rfc3339Nano: ByteString {
        var text = wholeSeconds
        if nanoseconds > 0 {
            text.append(UInt8(ascii: "."))
            let digits = ByteString(decimal: nanoseconds).bytes
            text += [UInt8](repeating: UInt8(ascii: "0"), count: Swift.max(9 - digits.count, 0)) + digits
            while text.last == UInt8(ascii: "0") { text.removeLast() }
        }
        return ByteString(text + [UInt8(ascii: "Z")])
    }

    private var wholeSeconds: [UInt8] {
        var text = [CChar](repeating: 0, count: 19)
        c_write_utc(Int(seconds), &text)
        return text.map { UInt8(bitPattern: $0) }
    }
}
