import Bytes
import Errors
import Linux

/// The descriptors from 3 on that the caller passes to the container's process, by `LISTEN_FDS` and `--preserve-fds`.
///
/// The process gets what the caller has open there, and nothing else. A number in between that isn't open stays closed, and nothing of
/// ours may come to have it: in this range alone our processes don't close what they leave behind (CVE-2024-21626). So before we open
/// anything, such a number is taken by an empty file, which execve closes.
struct InheritedDescriptors {
    /// Sockets, counted from 3.
    let listening: Int
    /// Those of `--preserve-fds`, counted from behind the sockets, up to the last one that is open.
    let preserved: Int

    /// The lowest number that isn't the container's.
    private var end: Int32 { 3 + Int32(listening + preserved) }

    /// The usual fs.nr_open: nobody has a descriptor with this number or a higher one.
    private static let highest = 1 << 20

    /// `wanted`: the number that `--preserve-fds` gives. `log`: moved out of the way.
    init(listening: Int, preserving wanted: Int, _ log: Log) throws(RuntimeError) {
        func isOpen(_ number: Int32) -> Bool { number != log.file && FileDescriptor.isOpen(number) }
        let first = 3 + Int32(listening)
        var end = first + Int32(min(wanted, InheritedDescriptors.highest))
        while end > first, !isOpen(end - 1) { end -= 1 }
        self.listening = listening
        preserved = Int(end - first)
        try log.keepClear(ofDescriptorsBelow: end)
        for number in first..<end where !isOpen(number) { try InheritedDescriptors.take(number) }
    }

    private static func take(_ number: Int32) throws(RuntimeError) {
        try explaining(.system, "file descriptor " + String(number) + " can't be kept free for the container") {
            () throws(SystemError) in
            // The lowest number that is free: all below were taken before.
            let file = try FileDescriptor.memory(holding: [])
            guard file.rawValue == number else { throw SystemError("memfd_create", errno: .EBADF) }
            _ = file.release()
        }
    }

    /// Closes all that the caller left open besides, which hooks and the container would see (CVE-2024-21626).
    ///
    /// `paths`: what options name. A path that leads through a descriptor of the caller's, such as /dev/fd/63, needs that one.
    func closeOthers(but log: Log, named paths: [ByteString?]) throws(RuntimeError) {
        var kept = log.file.map { [$0] } ?? []
        for path in paths {
            guard let number = path.flatMap(InheritedDescriptors.number), number >= end else { continue }
            FileDescriptor.closeOnExecution(number)
            kept.append(number)
        }
        try closeDescriptors(from: end, but: kept)
    }

    /// The descriptor that a path begins with.
    private static func number(in path: ByteString) -> Int32? {
        for folder in ["/dev/fd/", "/proc/self/fd/"] as [ByteString] where path.hasPrefix(folder) {
            let digits = path.bytes[folder.count...].prefix { $0 != UInt8(ascii: "/") }
            return ByteString(digits).decimal()
        }
        return nil
    }

    /// How many sockets the caller passes, by the rules of sd_listen_fds(3): the variables are for the process whose pid is in LISTEN_PID,
    /// and they stay in the environment of others, whose descriptors they don't mean.
    static func sockets(_ log: Log) throws(RuntimeError) -> Int {
        guard let text = OwnEnvironment.value(of: "LISTEN_FDS"), !text.isEmpty,
            OwnEnvironment.value(of: "LISTEN_PID")?.decimal(as: Int32.self) == OwnProcess.pid
        else { return 0 }
        guard let count: Int = text.decimal(), count >= 0 else {
            throw RuntimeError(.usage, "LISTEN_FDS=" + text.displayText + ": not a number of descriptors")
        }
        var number: Int32 = 3
        while Int(number) - 3 < count {
            guard number != log.file, FileDescriptor.isOpen(number) else {
                throw RuntimeError(
                    .usage, "LISTEN_FDS=" + text.displayText + ": file descriptor " + String(number) + " is not open",
                    errno: .EBADF)
            }
            number += 1
        }
        return count
    }
}
