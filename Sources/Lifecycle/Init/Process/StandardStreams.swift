import Bytes
import Errors
import Linux
import OCI

/// The standard streams of a process on its way into a container.
enum StandardStreams {
    /// Makes the terminal the controlling terminal of the process and its three standard streams, after the controller was sent
    /// to Host.
    ///
    /// This closes the caller's streams: a program that waits for their end would wait for ever otherwise.
    static func become(_ peer: borrowing FileDescriptor) throws(RuntimeError) {
        try explaining(.terminal, "the terminal can't be taken", pointer: "/process/terminal") { () throws(SystemError) in
            try Terminal.takeAsControlling(peer)
            for stream in 0...2 as ClosedRange<Int32> {
                try FileDescriptor.duplicate(peer.rawValue, onto: stream)
            }
        }
    }

    /// Replaces standard streams that are the host's null device by the container's own: a process that holds a file of the
    /// host's open can change its mode and owner.
    ///
    /// The container's `/dev/null` must be the null device, too (crun once took the target of any link). If it isn't, a null
    /// device on a file system of its own is used.
    static func replaceHostNull(_ root: borrowing RootedDirectory, isInUserNamespace: Bool) throws(RuntimeError) {
        let streams = ([0, 1, 2] as [Int32]).filter { stream in
            (try? FileStatus(of: stream)).map(isNull) == true
        }
        guard !streams.isEmpty else { return }
        if let null = try? containersNull(root) {
            try replace(streams, by: null)
        } else if !isInUserNamespace {
            // In a user namespace no device can be made, and its root can't change the mode or owner of the host's: that one
            // stays.
            try replace(
                streams,
                by: try explaining(
                    .process, "a standard stream is the host's null device, and another one can't be made",
                    hint: "give the container a /dev/null, or other standard streams", nobodysNull()))
        }
    }

    private static func isNull(_ status: FileStatus) -> Bool { status.isCharacterDevice(major: 1, minor: 3) }

    private static func replace(_ streams: [Int32], by null: borrowing FileDescriptor) throws(RuntimeError) {
        for stream in streams {
            try explaining(
                .process, "a standard stream can't be replaced", FileDescriptor.duplicate(null.rawValue, onto: stream))
        }
    }

    private static func containersNull(_ root: borrowing RootedDirectory) throws(SystemError) -> FileDescriptor {
        guard isNull(try root.open("/dev/null", flags: [.path, .noFollow]).status()) else {
            throw SystemError("openat2", errno: .ENODEV)
        }
        let null = try root.open("/dev/null", flags: [.readWrite, .noFollow, .noControllingTerminal])
        guard isNull(try null.status()) else { throw SystemError("openat2", errno: .ENODEV) }
        return null
    }

    /// A null device on a file system that is mounted nowhere.
    private static func nobodysNull() throws(SystemError) -> FileDescriptor {
        let nowhere = try FileSystemContext(type: "tmpfs").mount(
            attributes: [.noSetUserID, .noExecution])
        try nowhere.makeNode("null", .characterDevice, mode: 0o666, DeviceID(major: 1, minor: 3))
        return try nowhere.open("null", flags: [.readWrite, .noFollow, .noControllingTerminal])
    }
}
