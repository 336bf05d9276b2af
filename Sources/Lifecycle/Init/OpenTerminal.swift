import Bytes
import Errors
import Linux
import OCI

extension Init {
    /// A pseudoterminal of the container's own devpts, and its /dev/console.
    func openTerminal(_ rootfs: borrowing Rootfs) throws(RuntimeError) -> Terminal? {
        guard let process = plan.process?.spec, process.terminal else { return nil }
        step(.openTerminal)
        return try explaining(
            .terminal, "a terminal can't be opened", pointer: "/process/terminal", hint: "mount a devpts on /dev/pts"
        ) { () throws(SystemError) in
            let terminal: Terminal
            if let devpts = rootfs.devpts {
                terminal = try Terminal.open(devpts: devpts.file)
            } else {
                terminal = try Terminal.open(devpts: try rootfs.root.open("/dev/pts", flags: [.path, .directory]))
            }
            if let size = process.consoleSize { try terminal.setSize(rows: size.height, columns: size.width) }
            if !plan.rootfs.bindsDev { try mountConsole(terminal.peer, rootfs) }
            // Its user is to read and write it by its name too.
            try? terminal.peer.setOwner(user: process.user.uid)
            return terminal
        }
    }

    /// Puts the terminal on /dev/console. What is there may be a link of the image's: it's neither followed nor opened (CVE-2025-52565).
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
