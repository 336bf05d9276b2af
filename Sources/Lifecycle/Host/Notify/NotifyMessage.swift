import Bytes

/// A message to the service manager: lines of the form `NAME=VALUE`, sd_notify(3).
enum NotifyMessage {
    /// The longest message that systemd takes.
    static let limit = 4096

    /// What a container may say: things about the service, whose payload it is. MAINPID and MAINPIDFDID would name a process of
    /// the host, and NOTIFYACCESS would admit other senders.
    private static let permitted: [ByteString] = [
        "READY", "RELOADING", "STOPPING", "MONOTONIC_USEC", "STATUS", "ERRNO", "BUSERROR", "VARLINKERROR", "EXIT_STATUS",
        "WATCHDOG", "WATCHDOG_USEC", "EXTEND_TIMEOUT_USEC", "FDSTORE", "FDSTOREREMOVE", "FDNAME", "FDPOLL", "BARRIER",
    ]

    /// The lines of a container's message that may be passed on. Lines with control characters may not: people see them.
    ///
    /// - Parameter message: The message as it arrived.
    /// - Returns: The lines, without line ends.
    static func lines(of message: [UInt8]) -> [ByteString] {
        guard message.count <= limit else { return [] }
        return message.split(separator: UInt8(ascii: "\n")).map { ByteString($0) }.filter { line in
            guard let (name, _) = line.splitOnce(separator: UInt8(ascii: "=")) else { return false }
            return permitted.contains(name) && !line.bytes.contains { $0 < 0x20 || $0 == 0x7F }
        }
    }

    /// Whether systemd keeps, or closes as a signal, the descriptors that come with a message of these lines.
    static func takesDescriptors(_ lines: [ByteString]) -> Bool {
        lines.contains("FDSTORE=1") || lines.contains("BARRIER=1")
    }
}
