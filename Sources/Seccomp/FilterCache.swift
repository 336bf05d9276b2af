import Bytes
import Errors
import Linux

/// A directory of compiled programs. Compiling Docker's profile takes 2.3 million instructions, and finding it here 0.3
/// million.
///
/// A damaged or missing cache only costs time; the container is the same. Files that other users can access, or that don't
/// verify, are ignored: otherwise another user could choose the container's filter.
enum FilterCache {
    private static var directoryName: ByteString { "seccomp" }
    private static var temporaryPrefix: ByteString { "new." }
    /// The most files to keep. A file has about 13 KB, and a host uses only a few profiles.
    private static let mostFiles = 64
    /// The age in seconds at which an unfinished file is removed.
    private static let abandonedAfter = 60

    /// Looks for the program of a profile.
    ///
    /// - Parameters:
    ///   - profile: the profile.
    ///   - root: the directory that contains the cache's directory.
    /// - Returns: nil if there is no program that can be trusted.
    static func filter(for profile: ProfileEncoding, root: borrowing FileDescriptor) -> SeccompCompiler.Output? {
        do throws(SystemError) {
            let directory = try openDirectory(in: root)
            // Links aren't followed. Without O_NONBLOCK, opening a fifo in place of the file would block for ever.
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

    /// Writes a program to the cache and replaces any file of the same name. Several processes may do so at the same time: each
    /// renames a complete file into place.
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

    /// Removes the oldest files beyond the limit, and unfinished files of writers that died.
    private static func prune(_ directory: borrowing FileDescriptor, now: Int) throws(SystemError) {
        let entries = try directory.entries()
        var files: [(name: ByteString, written: Int)] = []
        for entry in entries {
            // Another process that prunes has removed the file already.
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

    /// Whether the file or directory belongs to our user, and no other user may read or write it.
    private static func isPrivate(_ status: FileStatus) -> Bool {
        status.user == Credentials.effectiveUser && status.permissions & 0o077 == 0
    }

    /// The file's name: a hash of the profile, in hexadecimal. Two profiles with the same hash overwrite each other's file.
    private static func name(of profile: ProfileEncoding) -> ByteString {
        var name: [UInt8] = []
        name.appendHexadecimal(profile.bytes.withUnsafeBytes { $0.wordHash }, digits: 16)
        return ByteString(name)
    }
}
