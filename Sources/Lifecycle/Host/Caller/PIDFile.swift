import Bytes
import Errors
import Linux

/// The file that tells engines the process's number: digits alone, there as a whole or not at all.
enum PIDFile {
    static func write(_ pid: Int32, to path: ByteString) throws(SystemError) {
        var folder: ByteString = "."
        var name = path
        if let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) {
            folder = slash == 0 ? "/" : ByteString(path.bytes[..<slash])
            name = ByteString(path.bytes[(slash + 1)...])
        }
        let directory = try FileDescriptor.open(folder, flags: [.path, .directory])
        let digits = ByteString(decimal: pid).bytes
        // A file without a name until it's written: whoever is killed here leaves nothing.
        if let file = try? directory.open(".", flags: [.temporary, .writeOnly], mode: 0o644) {
            try file.writeAll(digits)
            if try directory.link(file, replacing: name) { return }
        }
        // Without O_TMPFILE whoever is killed here leaves a file, which goes with the next one of that name.
        try directory.replaceFile(name, with: digits, mode: 0o644, temporary: "." + name + ".new")
    }
}

extension FileDescriptor {
    /// Gives a file without a name this one, in the place of what has it: that is removed first, since linkat(2) replaces nothing.
    ///
    /// - Returns: false where the file system, or the caller's rights, don't allow it.
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
