import Bytes
import Errors
import Linux
import OCI

extension Rootfs {
    /// The devices of config-linux.md, "Default Devices".
    static let defaultDevices: [(path: ByteString, major: UInt32, minor: UInt32)] = [
        ("/dev/null", 1, 3), ("/dev/zero", 1, 5), ("/dev/full", 1, 7), ("/dev/random", 1, 8), ("/dev/urandom", 1, 9),
        ("/dev/tty", 5, 0),
    ]

    /// The links of runtime-linux.md, "Dev symbolic links".
    private static let links: [(path: ByteString, target: ByteString)] = [
        ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ]

    /// Makes the devices and links. If the configuration binds a /dev of the host's, none are made, because they would appear
    /// on the host.
    func makeDevices() throws(RuntimeError) {
        step(.makeDevices)
        if plan.rootfs.bindsDev { return }
        let folder = LastFolder()
        for device in Rootfs.defaultDevices where !plan.rootfs.devices.contains(where: { $0.path == device.path }) {
            try make(
                Device(
                    kind: .character, path: device.path, major: device.major, minor: device.minor, fileMode: 0o666, uid: nil,
                    gid: nil),
                in: folder, pointer: "/linux/devices")
        }
        for (index, device) in plan.rootfs.devices.enumerated() {
            // This path becomes a link to the container's own terminal multiplexer.
            if device.path == "/dev/ptmx" { continue }
            try make(device, in: folder, pointer: "/linux/devices/" + String(index))
        }
        for link in Rootfs.links { try makeLink(link.path, to: link.target, in: folder) }
        try makeLink("/dev/ptmx", to: "pts/ptmx", in: folder)
        if isAccessible("/proc/kcore") { try makeLink("/dev/core", to: "/proc/kcore", in: folder) }
    }

    private func makeLink(_ path: ByteString, to target: ByteString, in folder: LastFolder) throws(RuntimeError) {
        try explaining(.device, "the link " + path.displayText + " can't be made", path: path) { () throws(SystemError) in
            let (directory, name) = try folder.find(path, in: root)
            do throws(SystemError) {
                try directory.file.makeLink(name, to: target)
            } catch  where error.errno == .EEXIST {
                // A file of the image's stays as it is.
            }
        }
    }

    private func make(_ device: Device, in folder: LastFolder, pointer: String) throws(RuntimeError) {
        let type: FileKind =
            switch device.kind {
            case .character: .characterDevice
            case .block: .blockDevice
            case .fifo: .fifo
            }
        let number = DeviceID(major: device.major, minor: device.minor)
        let label = pointer + " (" + device.path.displayText + ")"
        let isMade = try explaining(.device, "the device can't be made", pointer: label, path: device.path) {
            () throws(SystemError) in
            let (directory, name) = try folder.find(device.path, in: root)
            if !plan.namespaces.has(.user) || device.kind == .fifo {
                // mknodat(2) follows no link and refuses an existing file (runc once truncated the target of a link).
                do throws(SystemError) {
                    try directory.file.makeNode(name, type, mode: device.fileMode ?? 0o666, number)
                } catch  where error.errno == .EEXIST || (error.errno == .EPERM && device.kind != .fifo) {
                    return try isThere(device, type, number, name, in: directory.file)
                }
                if device.uid != nil || device.gid != nil {
                    try directory.file.setOwner(of: name, user: device.uid ?? 0, group: device.gid ?? 0)
                }
                return true
            }
            return try isThere(device, type, number, name, in: directory.file)
        }
        if !isMade { try bindFromHost(device, type, number, pointer: label) }
    }

    /// Whether exactly this device exists already. Another file in its place is an error, as config-linux.md demands.
    private func isThere(
        _ device: Device, _ type: FileKind, _ number: DeviceID, _ name: ByteString, in directory: borrowing FileDescriptor
    ) throws(SystemError) -> Bool {
        let file: FileDescriptor
        do throws(SystemError) {
            file = try directory.open(name, flags: [.path, .noFollow])
        } catch  where error.errno == .ENOENT {
            return false
        }
        let status = try file.status()
        // An empty file is the mount point that an earlier container of the same image left behind.
        if status.kind == .regular, status.size == 0, plan.namespaces.has(.user) { return false }
        guard status.kind == type, device.kind == .fifo || status.device == number else {
            throw SystemError("mknodat", errno: .EEXIST)
        }
        return true
    }

    /// Mounts the host's own device, where none may be made, as in a user namespace. It must be the same device.
    private func bindFromHost(_ device: Device, _ type: FileKind, _ number: DeviceID, pointer: String) throws(RuntimeError) {
        let tree = try hostDevice(device, type, number, pointer: pointer)
        try explaining(.device, "the host's device can't be mounted", pointer: pointer, path: device.path) {
            () throws(SystemError) in
            let entry = try root.parent(of: device.path)
            do throws(SystemError) {
                try entry.directory.makeNode(entry.name, .regular, mode: 0o644)
            } catch  where error.errno == .EEXIST {}
            let place = try entry.directory.open(entry.name, flags: [.path, .noFollow])
            guard try place.status().kind == .regular else { throw SystemError("mknodat", errno: .EEXIST) }
            try put(tree, on: place)
        }
    }

    private func hostDevice(_ device: Device, _ type: FileKind, _ number: DeviceID, pointer: String) throws(RuntimeError)
        -> FileDescriptor
    {
        let reason = "no device may be made here, and the host's own \"" + device.path.displayText + "\" "
        let hint = "user namespaces forbid it: make the device on the host, or remove the entry"
        do throws(SystemError) {
            let tree = try FileDescriptor.cloneTree(device.path, recursive: false)
            let status = try tree.status()
            if status.kind == type, status.device == number { return tree }
        } catch {
            throw RuntimeError(
                .device, reason + (error.errno == .ENOENT ? "doesn't exist" : "can't be mounted"), error, pointer: pointer,
                path: device.path, hint: hint)
        }
        throw RuntimeError(.device, reason + "is another device", pointer: pointer, path: device.path, hint: hint)
    }
}

/// The folder in which the last device was made. Nearly all devices are in the same one.
private final class LastFolder {
    private var last: (path: ByteString, directory: SharedDescriptor)?

    /// Opens the folder of a device, and makes it if it's missing.
    func find(_ path: ByteString, in root: borrowing RootedDirectory) throws(SystemError) -> (SharedDescriptor, name: ByteString)
    {
        let (folder, name) = try RootedDirectory.split(path)
        if let last, last.path == folder { return (last.directory, name) }
        let directory = SharedDescriptor(try root.makeDirectories(folder))
        last = (folder, directory)
        return (directory, name)
    }
}
