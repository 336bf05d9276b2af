import Bytes
import Errors
import Linux

extension BusStream {
    /// The longest line of the other side's. The specification gives no limit; "OK" and a GUID are 35 bytes.
    private static let longestLine = 1024
    static let authentication = "authenticate to D-Bus"

    /// Says to the other side who we are: the mechanism EXTERNAL, for which the kernel tells it our user id. D-Bus
    /// Specification, "Authentication Protocol".
    ///
    /// All of our lines go out at once, and to a bus messages may follow, because the other side's answers are known
    /// beforehand. If it doesn't accept us, it ignores the rest.
    ///
    /// - Parameter user: our user id, which the other side compares with the kernel's. nil claims none.
    mutating func beginAuthentication(as user: UInt32?) {
        // The NUL is a byte for the kernel to attach credentials to, on other systems than Linux.
        var lines: ByteString = "\0AUTH EXTERNAL"
        if let user {
            lines = lines + " " + ByteString(hexadecimal: ByteString(decimal: user).bytes)
        } else {
            // The other side is going to ask whose rights we want: those that the kernel tells.
            lines = lines + "\r\nDATA"
        }
        queue((lines + "\r\nBEGIN\r\n").bytes)
    }

    /// Waits until the other side has accepted us.
    ///
    /// - Parameters:
    ///   - user: the same as for `beginAuthentication`.
    ///   - deadline: when to give up.
    /// - Throws: `cgroup` if we aren't accepted.
    mutating func finishAuthentication(as user: UInt32?, until deadline: Deadline) throws(BusError) {
        var isAsked = user == nil
        while true {
            let line = try line(limit: BusStream.longestLine, for: BusStream.authentication, until: deadline)
            let (command, rest) = line.splitOnce(separator: UInt8(ascii: " ")) ?? (line, "")
            switch command {
            case "OK" where !isAsked: return
            case "DATA" where isAsked && rest.isEmpty: isAsked = false
            case "REJECTED": throw refusal("it doesn't accept this user")
            default: throw refusal("it answered \"" + WireText.safe(line) + "\"")
            }
        }
    }

    private func refusal(_ reason: String) -> BusError {
        BusError(RuntimeError(.cgroup, "can't " + BusStream.authentication + ": " + reason))
    }
}
