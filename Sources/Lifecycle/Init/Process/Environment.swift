import Bytes
import Errors
import Linux
import OCI

/// The environment of a container's process: the configured entries, each name once, and HOME if it's missing.
enum Environment {
    static func entries(for process: Process, listenDescriptors: Int) -> [ByteString] {
        var seen = SortedSet<ByteString>()
        var entries: [ByteString] = []
        // They come last, because the last of two entries with the same name counts: podman puts them into config.json as well.
        let sockets: [ByteString] =
            listenDescriptors > 0 ? ["LISTEN_FDS=" + ByteString(decimal: listenDescriptors), "LISTEN_PID=1"] : []
        for entry in (process.env + sockets).reversed() {
            let name = entry.splitOnce(separator: UInt8(ascii: "="))?.0 ?? entry
            if seen.insert(name) { entries.append(entry) }
        }
        entries.reverse()
        // An empty HOME counts as missing, as with runc.
        let emptyHome = entries.firstIndex(of: "HOME=")
        if let emptyHome { entries.remove(at: emptyHome) }
        if emptyHome != nil || !seen.contains("HOME") {
            entries.append("HOME=" + (PasswordFile.home(of: process.user.uid) ?? "/"))
        }
        return entries
    }
}
