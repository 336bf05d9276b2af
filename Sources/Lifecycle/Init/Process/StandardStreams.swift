import Bytes
import CLinux
import Errors
import Linux
import OCI

/// The standard streams of a process on its way into a container.
enum StandardStreams {
    /// Makes the terminal the process's own, and its three standard streams. After its controller was handed over: whoever waits for
    /// the end of our streams would wait for ever otherwise.
    static func become(_ peer: borrowing FileDescriptor) throws(RuntimeError) {
        try explaining(.terminal, "the terminal can't be taken", pointer: "/process/terminal") { () throws(SystemError) in
            try Terminal.takeAsControlling(peer)
            for stream in 0...2 as ClosedRange<Int32> {
                guard dup2(peer.rawValue, stream) >= 0 else { throw .last("dup2") }
            }
        }
    }

    /// Standard streams that are the host's null device become the container's own: whoever holds a host's file open can change its mode
    /// and owner.
    ///
    /// The container's `/dev/null` must be that very device, too (crun once took whatever a link led to). Where it isn't, a device of
    /// nobody else's takes its place.
    static func replaceHostNull(_ root: borrowing RootedDirectory, isInUserNamespace: Bool) throws(RuntimeError) {
        let streams = ([0, 1, 2] as [Int32]).filter { stream in
            var status = stat()
            return fstat(stream, &status) == 0 && isNull(status)
        }
        guard !streams.isEmpty else { return }
        if let null = try? containersNull(root) {
            try replace(streams, by: null)
        } else if !isInUserNamespace {
            // In a user namespace no device can be made. Nor can its root change the mode or the owner of the host's.
            try replace(
                streams,
                by: try explaining(
                    .process, "a standard stream is the host's null device, and another one can't be made",
                    hint: "give the container a /dev/null, or other standard streams"
                ) { () throws(SystemError) in try nobodysNull() })
        }
    }

    private static func isNull(_ status: stat) -> Bool { status.isCharacterDevice(major: 1, minor: 3) }

    private static func replace(_ streams: [Int32], by null: borrowing FileDescriptor) throws(RuntimeError) {
        for stream in streams where dup2(null.rawValue, stream) < 0 {
            throw RuntimeError(.process, "a standard stream can't be replaced", .last("dup2"))
        }
    }

    private static func containersNull(_ root: borrowing RootedDirectory) throws(SystemError) -> FileDescriptor {
        guard isNull(try root.open("/dev/null", flags: O_PATH | O_NOFOLLOW).status()) else {
            throw SystemError("openat2", errno: ENODEV)
        }
        let null = try root.open("/dev/null", flags: O_RDWR | O_NOFOLLOW | O_NOCTTY)
        guard isNull(try null.status()) else { throw SystemError("openat2", errno: ENODEV) }
        return null
    }

    /// A null device on a file system that is mounted nowhere.
    private static func nobodysNull() throws(SystemError) -> FileDescriptor {
        let nowhere = try FileSystemContext(type: "tmpfs").mount(
            attributes: MountAttributes.noSetUserID | MountAttributes.noExecution)
        let made = ("null" as ByteString).withCString {
            mknodat(nowhere.rawValue, $0, FileKind.characterDevice.rawValue | 0o666, c_makedev(1, 3))
        }
        guard made == 0 else { throw .last("mknodat") }
        return try nowhere.open("null", flags: O_RDWR | O_NOFOLLOW | O_NOCTTY)
    }
}
