import CLinux
public import Errors

/// What a descriptor is watched for, or what became of it. See poll(2).
public struct PollEvents: OptionSet, Sendable {
    public let rawValue: Int16

    public init(rawValue: Int16) { self.rawValue = rawValue }

    /// `POLLIN`: there is something to read, an end of file included.
    public static var readable: PollEvents { PollEvents(rawValue: Int16(POLLIN)) }
    /// `POLLOUT`
    public static var writable: PollEvents { PollEvents(rawValue: Int16(POLLOUT)) }
    /// `POLLPRI`: files of cgroups tell so of a change.
    public static var priority: PollEvents { PollEvents(rawValue: Int16(POLLPRI)) }
    /// `POLLHUP`: the other end is closed. It comes unasked.
    public static var hangUp: PollEvents { PollEvents(rawValue: Int16(POLLHUP)) }
}

/// One descriptor to be watched: `struct pollfd` of poll(2).
public struct PollRequest {
    fileprivate var fields: pollfd

    /// Without a descriptor nothing is watched, and the requests behind it keep their places.
    public init(_ descriptor: Int32?, _ events: PollEvents) {
        fields = pollfd(fd: descriptor ?? -1, events: events.rawValue, revents: 0)
    }

    /// What happened: empty where nothing did.
    public var answer: PollEvents { PollEvents(rawValue: fields.revents) }

    /// Waits until something happens to one of the descriptors, without a number of milliseconds for ever. False when the time was
    /// up, or a signal came, before anything happened. The corresponding system call is `poll`.
    public static func wait(for requests: inout [PollRequest], milliseconds: Int?) throws(SystemError) -> Bool {
        let count = requests.withUnsafeMutableBytes {
            CLinux.poll(
                $0.bindMemory(to: pollfd.self).baseAddress, nfds_t($0.count / MemoryLayout<pollfd>.size), limit(milliseconds))
        }
        guard count >= 0 || Errno.last == .EINTR else { throw .last("poll") }
        return count > 0
    }

    /// The same for one alone; an error counts as nothing.
    public mutating func wait(milliseconds: Int?) -> Bool { CLinux.poll(&fields, 1, PollRequest.limit(milliseconds)) > 0 }

    private static func limit(_ milliseconds: Int?) -> Int32 { milliseconds.map { Int32(clamping: $0) } ?? -1 }
}
