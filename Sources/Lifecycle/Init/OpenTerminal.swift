import Bytes
import Errors
import Linux
import OCI

extension Init {
    /// Opens a pseudoterminal on the container's own devpts, and mounts it on /dev/console unless /dev is the host's. See
    /// pts(4).
    ///
    /// - Returns: nil if the container's process has no terminal.
    func openTerminal(_ rootfs: borrowing Rootfs) throws(RuntimeError) -> Terminal? {
        guard let process = plan.process, process.spec.terminal else { return nil }
        step(.openTerminal)
        return try explaining(
            .terminal, "a terminal can't be opened", pointer: "/process/terminal", hint: "mount a devpts on /dev/pts"
        ) { () throws(SystemError) in
            let terminal =
                if let devpts = rootfs.devpts { try process.openTerminal(devpts: devpts.file) } else {
                    try process.openTerminal(devpts: try rootfs.root.open("/dev/pts", flags: [.path, .directory]))
                }
            if !plan.rootfs.bindsDev { try mountConsole(terminal.peer, rootfs) }
            return terminal
        }
    }

    /// Mounts the terminal on /dev/console. The image may have put a link there: it's neither followed nor opened
    /// (CVE-2025-52565).
    private func mountConsole(_ peer: borrowing FileDescriptor, _ rootfs: borrowing Rootfs) throws(SystemError) {
        let entry = try rootfs.root.parent(of: "/dev/console")
        do throws(SystemError) {
            try entry.directory.makeNode(entry.name, .regular, mode: 0o620)
        } catch  where error.errno == .EEXIST {}
        let place = try entry.directory.open(entry.name, flags: [.path, .noFollow])
        guard try place.status().kind != .link, try place.status().kind != .directory else {
            throw SystemError("openat", errno: .ELOOP)
        }
        try rootfs.put(try peer.cloneTree(recursive: false), on: place)
    }
}

extension ProcessPlan {
    /// Opens a pseudoterminal of the process's size, which belongs to its user.
    ///
    /// - Parameter devpts: The root of the container's devpts.
    /// - Returns: The terminal.
    /// - Throws: An error if there is no devpts, or no terminal is left on it.
    func openTerminal(devpts: borrowing FileDescriptor) throws(SystemError) -> Terminal {
        let terminal = try Terminal.open(devpts: devpts)
        if let size = spec.consoleSize { try terminal.setSize(rows: size.height, columns: size.width) }
        // The user must be able to open the terminal by its name, too.
        try? terminal.peer.setOwner(user: spec.user.uid)
        return terminal
    }
}
