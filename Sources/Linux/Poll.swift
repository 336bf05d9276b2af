import CLinux
public import Errors

/// Events that a descriptor is watched for, or that occurred. See poll(2).
public struct PollEvents: OptionSet, Sendable {
    public let rawValue: Int16

    public init(rawValue: Int16) { self.rawValue = rawValue }

    /// `POLLIN`: there is something to read, an end of file included.
    public static var readable: PollEvents { PollEvents(rawValue: Int16(POLLIN)) }
    /// `POLLOUT`
    public static var writable: PollEvents { PollEvents(rawValue: Int16(POLLOUT)) }
    /// `POLLPRI`: a cgroup file has changed.
    public static var priority: PollEvents { PollEvents(rawValue: Int16(POLLPRI)) }
    /// `POLLHUP`: the other end is closed. The kernel reports it even if it isn't asked for.
    public static var hangUp: PollEvents { PollEvents(rawValue: Int16(POLLHUP)) }
}

/// One descriptor to be watched: `struct pollfd` of poll(2).
public struct PollRequest {
    fileprivate var fields: pollfd

    /// Watches a descriptor for events. With nil as descriptor the request watches nothing, and the requests after it keep
    /// their places.
    public init(_ descriptor: Int32?, _ events: PollEvents) {
        fields = pollfd(fd: descriptor ?? -1, events: events.rawValue, revents: 0)
    }

    /// The events that occurred; empty if there were none.
    public var answer: PollEvents { PollEvents(rawValue: fields.revents) }

    /// Waits until an event occurs on one of the descriptors. The corresponding system call is `poll`.
    ///
    /// - Parameters:
    ///   - requests: the descriptors, and then the answers.
    ///   - milliseconds: how long to wait; nil for ever.
    /// - Returns: false if the time is up, or a signal comes, before any event.
    /// - Throws: the error of `poll`, except EINTR.
    public static func wait(for requests: inout [PollRequest], milliseconds: Int?) throws(SystemError) -> Bool {
        let count = requests.withUnsafeMutableBytes {
            CLinux.poll(
                $0.bindMemory(to: pollfd.self).baseAddress, nfds_t($0.count / MemoryLayout<pollfd>.size), limit(milliseconds))
        }
        guard count >= 0 || Errno.last == .EINTR else { throw .last("poll") }
        return count > 0
    }

    /// Waits for an event of this request alone, as above, but treats an error as no event.
    public mutating func wait(milliseconds: Int?) -> Bool { CLinux.poll(&fields, 1, PollRequest.limit(milliseconds)) > 0 }

    private static func limit(_ milliseconds: Int?) -> Int32 { milliseconds.map { Int32(clamping: $0) } ?? -1 }
}
