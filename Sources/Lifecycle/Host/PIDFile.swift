import Bytes
import CLinux
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
        let directory = try FileDescriptor.open(folder, flags: O_PATH | O_DIRECTORY)
        // A file without a name until it's written: whoever is killed here leaves nothing. What is there already takes the longer way.
        if let file = try? directory.open(".", flags: O_TMPFILE | O_WRONLY, mode: 0o644) {
            try file.writeAll(ByteString(decimal: pid).bytes)
            if name.withCString({ linkat(file.rawValue, "", directory.rawValue, $0, AT_EMPTY_PATH) }) == 0 { return }
        }
        let temporary = "." + name + "." + ByteString(decimal: getpid())
        // What stands under the temporary name may be a link of somebody's: nothing is opened through it.
        let file = try directory.open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        do throws(SystemError) {
            try file.writeAll(ByteString(decimal: pid).bytes)
            try directory.rename(temporary, to: name)
        } catch {
            try? directory.unlink(temporary)
            throw error
        }
    }
}
