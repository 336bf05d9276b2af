import Bytes

/// How the caller is told which process was made: `--pid-file` and `--pidfd-socket`.
struct Announcement: Sendable {
    let pidFile: ByteString?
    let pidfdSocket: ByteString?
}
