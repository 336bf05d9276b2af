import CHarness

// File operations by plain path. They run outside the container on the tests' own files, so no path is hostile.

/// A file's text; empty if it can't be read.
func read(_ path: String) -> String { String(decoding: readBytes(path), as: UTF8.self) }

/// A file's content; empty if it can't be read.
func readBytes(_ path: String) -> [UInt8] {
    let descriptor = h_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = retrying { CHarness.read(descriptor, &part, part.count) }
        if count <= 0 { return bytes }
        bytes += part.prefix(count)
    }
}

/// Writes a file of this mode, whatever the umask is.
func write(_ text: String, to path: String, mode: mode_t = 0o644) throws { try write(Array(text.utf8), to: path, mode: mode) }

func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
    let descriptor = h_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw HarnessFailure.system("open \(path)") }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { CHarness.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw HarnessFailure.system("write \(path)") }
        rest = rest.dropFirst(count)
    }
    guard chmod(path, mode) == 0 else { throw HarnessFailure.system("chmod \(path)") }
}

/// Whether there is a file of any kind at this path. A link itself counts, and not its target.
func exists(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0
}

/// lstat(2). Tests compare owners, modes and device numbers.
func metadata(_ path: String) throws -> stat {
    var information = stat()
    guard lstat(path, &information) == 0 else { throw HarnessFailure.system("lstat \(path)") }
    return information
}

extension stat {
    enum Kind: UInt32 {
        case fifo = 0o010000
        case character = 0o020000
        case directory = 0o040000
        case block = 0o060000
        case regular = 0o100000
        case link = 0o120000
        case socket = 0o140000
    }

    var kind: Kind? { Kind(rawValue: st_mode & 0o170000) }
    var permissions: UInt32 { st_mode & 0o7777 }
    /// The major and minor number of a device node.
    var device: [UInt32] { [h_major(st_rdev), h_minor(st_rdev)] }
}

/// Makes a directory, and its missing parents.
func makeDirectory(_ path: String, mode: mode_t = 0o755) throws {
    if mkdir(path, mode) == 0 { return }
    if h_errno_now() == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
        try makeDirectory(String(path[..<slash]))
        if mkdir(path, mode) == 0 { return }
    }
    guard h_errno_now() == EEXIST else { throw HarnessFailure.system("mkdir \(path)") }
}

/// Makes a symbolic link.
func makeLink(_ path: String, to target: String) throws {
    guard symlink(target, path) == 0 else { throw HarnessFailure.system("symlink \(path)") }
}

/// The sorted names in a directory; empty if there is no such directory.
func entries(of directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = CHarness.readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Removes a tree of files, but never enters another file system: a leftover mount may show files of the host.
func removeTree(_ path: String) {
    guard let top = try? metadata(path) else { return }
    remove(path, on: top.st_dev)
}

private func remove(_ path: String, on device: dev_t) {
    guard let information = try? metadata(path), information.st_dev == device else { return }
    guard information.kind == .directory else {
        unlink(path)
        return
    }
    for name in entries(of: path) { remove(path + "/" + name, on: device) }
    rmdir(path)
}

/// The target of a symbolic link or of a link in /proc; nil if it can't be read.
func linkTarget(_ path: String) -> String? {
    var characters = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &characters, characters.count)
    return count < 0 ? nil : String(decoding: characters.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
}
