import Bytes
import CLinux
import Errors
import Linux
import OCI

extension Init {
    /// A pseudoterminal of the container's own devpts, and its /dev/console.
    func openTerminal(_ rootfs: borrowing Rootfs) throws(RuntimeError) -> Terminal? {
        guard let process = plan.config.process, process.terminal else { return nil }
        step("open terminal")
        return try explaining(
            .terminal, "a terminal can't be opened", pointer: "/process/terminal", hint: "mount a devpts on /dev/pts"
        ) { () throws(SystemError) in
            let terminal: Terminal
            if let devpts = rootfs.devpts {
                terminal = try devpts.with { (devpts) throws(SystemError) in try Terminal.open(devpts: devpts) }
            } else {
                terminal = try Terminal.open(devpts: try rootfs.root.open("/dev/pts", flags: O_PATH | O_DIRECTORY))
            }
            if let size = process.consoleSize { try terminal.setSize(rows: size.height, columns: size.width) }
            if !plan.bindsDev { try mountConsole(terminal.peer, rootfs) }
            // Its user is to read and write it by its name too.
            _ = fchown(terminal.peer.rawValue, process.user.uid, .max)
            return terminal
        }
    }

    /// Puts the terminal on /dev/console. What is there may be a link of the image's: it's neither followed nor opened (CVE-2025-52565).
    private func mountConsole(_ peer: borrowing FileDescriptor, _ rootfs: borrowing Rootfs) throws(SystemError) {
        let entry = try rootfs.root.parent(of: "/dev/console")
        let made = entry.name.withCString { mknodat(entry.directory.rawValue, $0, FileKind.regular.rawValue | 0o620, 0) }
        guard made == 0 || c_errno() == EEXIST else { throw .last("mknodat") }
        let place = try entry.directory.open(entry.name, flags: O_PATH | O_NOFOLLOW)
        guard try place.status().kind != .link, try place.status().kind != .directory else {
            throw SystemError("openat", errno: ELOOP)
        }
        try rootfs.put(try peer.cloneTree(recursive: false), on: place)
    }
}

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

    /// Standard streams that are the host's null device become the container's own: who holds a host's file open can change its owner.
    /// The container's must be that very device, too (crun once took whatever a link led to).
    static func replaceHostNull(_ root: borrowing RootedDirectory) throws(RuntimeError) {
        let streams = ([0, 1, 2] as [Int32]).filter { stream in
            var status = stat()
            return fstat(stream, &status) == 0 && status.isCharacterDevice(major: 1, minor: 3)
        }
        guard !streams.isEmpty, let place = try? root.open("/dev/null", flags: O_PATH | O_NOFOLLOW),
            let status = try? place.status(), status.isCharacterDevice(major: 1, minor: 3),
            let null = try? root.open("/dev/null", flags: O_RDWR | O_NOFOLLOW | O_NOCTTY),
            let opened = try? null.status(), opened.isCharacterDevice(major: 1, minor: 3)
        else { return }
        for stream in streams where dup2(null.rawValue, stream) < 0 {
            throw RuntimeError(.process, "a standard stream can't be replaced", .last("dup2"))
        }
    }
}
