import Bytes
import Errors
import Linux

/// Compiled programs, kept in a directory of ours: Docker's profile takes 2.3 M instructions to translate, and 0.3 M to find here.
///
/// Whatever is wrong with the cache, a container comes out the same, only later. What isn't ours alone, or doesn't verify, counts as
/// not there: a program that another user wrote would be a sandbox of his making.
enum FilterCache {
    private static var directoryName: ByteString { "seccomp" }
    private static var temporaryPrefix: ByteString { "new." }
    /// Some 13 KB each, and hosts have a handful of profiles.
    private static let mostFiles = 64
    /// Seconds after which a file that was being written counts as left behind.
    private static let abandonedAfter = 60

    /// The program for a profile: nil where there's none that can be trusted. `root` is the directory that has the cache's own in it.
    static func filter(for profile: ProfileEncoding, root: borrowing FileDescriptor) -> SeccompCompiler.Output? {
        do throws(SystemError) {
            let directory = try openDirectory(in: root)
            // No links; and without O_NONBLOCK a fifo in the file's place would hold us for ever.
            let file = try directory.open(name(of: profile), flags: [.readOnly, .noFollow, .nonBlocking, .noControllingTerminal])
            let status = try file.status()
            guard isPrivate(status), status.kind == .regular,
                status.size <= CachedFilter.largestFile
            else {
                return nil
            }
            return CachedFilter.decode(try file.read(upTo: status.size + 1), profile: profile)
        } catch {
            return nil
        }
    }

    /// Keeps a program, in place of whatever has its name. Others may do the same at the same time: each file is whole.
    static func keep(
        _ filter: SeccompCompiler.Output, for profile: ProfileEncoding, root: borrowing FileDescriptor
    ) throws(SystemError) {
        let content = CachedFilter.encode(filter, profile: profile)
        guard content.count <= CachedFilter.largestFile else { return }
        do throws(SystemError) {
            try root.makeDirectory(directoryName, mode: 0o700)
        } catch {
            guard error.errno == .EEXIST else { throw error }
        }
        let directory = try openDirectory(in: root)
        let now = Timestamp.now
        let temporary =
            temporaryPrefix + ByteString(decimal: OwnProcess.pid) + "." + ByteString(decimal: now.seconds) + "."
            + ByteString(decimal: now.nanoseconds)
        try directory.replaceFile(name(of: profile), with: content, mode: 0o600, temporary: temporary)
        try prune(directory, now: Int(now.seconds))
    }

    private static func openDirectory(in root: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        let directory = try root.open(directoryName, flags: [.readOnly, .directory, .noFollow])
        guard isPrivate(try directory.status()) else { throw SystemError("openat", errno: .EPERM) }
        return directory
    }

    /// Removes the oldest files beyond the limit, and what writers that died left behind.
    private static func prune(_ directory: borrowing FileDescriptor, now: Int) throws(SystemError) {
        let entries = try directory.entries()
        var files: [(name: ByteString, written: Int)] = []
        for entry in entries {
            // Gone already: another one prunes as well.
            guard let written = try? directory.status(of: entry.name).modified else { continue }
            if !entry.name.hasPrefix(temporaryPrefix) {
                files.append((entry.name, written))
            } else if now - written > abandonedAfter {
                try? directory.unlink(entry.name)
            }
        }
        guard files.count > mostFiles else { return }
        files = files.ordered { $0.written < $1.written }
        for file in files.prefix(files.count - mostFiles) { try? directory.unlink(file.name) }
    }

    /// Ours, and nobody else may read or write it.
    private static func isPrivate(_ status: FileStatus) -> Bool {
        status.user == Credentials.effectiveUser && status.permissions & 0o077 == 0
    }

    /// A hash of the profile, in hexadecimal. Two profiles that have the same one take turns in the file.
    private static func name(of profile: ProfileEncoding) -> ByteString {
        var name: [UInt8] = []
        name.appendHexadecimal(profile.bytes.withUnsafeBytes { $0.wordHash }, digits: 16)
        return ByteString(name)
    }
}
