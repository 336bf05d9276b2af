import Bytes
import Errors
import Linux

/// The descriptors from 3 on that the caller passes to the container's process, by `LISTEN_FDS` and `--preserve-fds`.
///
/// The process gets exactly those that the caller has open. No file of ours may get a number in this range, because it's the
/// only range in which our processes don't close everything before execve (CVE-2024-21626). So before we open anything, an
/// empty file takes each number that is free in the range; execve closes that file.
struct InheritedDescriptors {
    /// The number of sockets (`LISTEN_FDS`), which begin at descriptor 3.
    let listening: Int
    /// The number of descriptors after the sockets (`--preserve-fds`), up to the last one that is open.
    let preserved: Int

    /// The lowest number that isn't the container's.
    private var end: Int32 { 3 + Int32(listening + preserved) }

    /// The default of the sysctl fs.nr_open: unless it was raised, no process has a descriptor with this number or a higher
    /// one.
    private static let highest = 1 << 20

    /// Finds out which descriptors are passed on, and takes the numbers that are free among them.
    ///
    /// - Parameters:
    ///   - listening: The number of sockets.
    ///   - wanted: The number that `--preserve-fds` gives.
    ///   - log: The log, whose descriptor is moved out of the range.
    /// - Throws: An error if a number can't be taken, or the log can't be moved.
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
            // memfd_create(2) returns the lowest free number, and all lower ones are in use by now.
            let file = try FileDescriptor.memory(holding: [])
            guard file.rawValue == number else { throw SystemError("memfd_create", errno: .EBADF) }
            _ = file.release()
        }
    }

    /// Closes all other descriptors that the caller left open: hooks and the container would inherit them (CVE-2024-21626).
    ///
    /// - Parameters:
    ///   - log: The log, whose descriptor stays open.
    ///   - paths: The paths that options name. If one leads through a descriptor of the caller's, such as /dev/fd/63, that
    ///     descriptor stays open until execve.
    /// - Throws: An error if the descriptors can't be closed.
    func closeOthers(but log: Log, named paths: [ByteString?]) throws(RuntimeError) {
        var kept = log.file.map { [$0] } ?? []
        for path in paths {
            guard let number = path.flatMap(InheritedDescriptors.number), number >= end else { continue }
            FileDescriptor.closeOnExecution(number)
            kept.append(number)
        }
        try closeDescriptors(from: end, but: kept)
    }

    /// The descriptor that a path such as /dev/fd/63 leads through, or nil.
    private static func number(in path: ByteString) -> Int32? {
        for folder in ["/dev/fd/", "/proc/self/fd/"] as [ByteString] where path.hasPrefix(folder) {
            let digits = path.bytes[folder.count...].prefix { $0 != UInt8(ascii: "/") }
            return ByteString(digits).decimal()
        }
        return nil
    }

    /// The number of sockets that the caller passes, by the rules of sd_listen_fds(3). `LISTEN_FDS` applies only to the process
    /// whose pid is in `LISTEN_PID`. Other processes may have both variables in their environment, and ignore them.
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
