import Bytes
import Errors
import Linux

/// The file that tells engines a process's pid. It contains only digits, and appears either complete or not at all.
enum PIDFile {
    /// Writes the file, and replaces an older one.
    static func write(_ pid: Int32, to path: ByteString) throws(SystemError) {
        var folder: ByteString = "."
        var name = path
        if let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) {
            folder = slash == 0 ? "/" : ByteString(path.bytes[..<slash])
            name = ByteString(path.bytes[(slash + 1)...])
        }
        let directory = try FileDescriptor.open(folder, flags: [.path, .directory])
        let digits = ByteString(decimal: pid).bytes
        // With O_TMPFILE the file has no name until it's written. If we're killed here, nothing is left.
        if let file = try? directory.open(".", flags: [.temporary, .writeOnly], mode: 0o644) {
            try file.writeAll(digits)
            if try directory.link(file, replacing: name) { return }
        }
        // Without O_TMPFILE a temporary file is left if we're killed here. The next pid file of this name replaces it.
        try directory.replaceFile(name, with: digits, mode: 0o644, temporary: "." + name + ".new")
    }
}

extension FileDescriptor {
    /// Gives a name to a file that has none. An older file of this name is removed first, since linkat(2) replaces nothing.
    ///
    /// - Returns: False if the file system or the caller's rights don't allow it.
    fileprivate borrowing func link(_ file: borrowing FileDescriptor, replacing name: ByteString) throws(SystemError) -> Bool {
        for _ in 0..<16 {
            do throws(SystemError) {
                try link(file, as: name)
                return true
            } catch  where error.errno == .EINTR {
            } catch  where error.errno == .EEXIST {
                try unlink(name)
            } catch {
                return false
            }
        }
        return false
    }
}
