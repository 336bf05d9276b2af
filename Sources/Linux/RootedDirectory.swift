public import Bytes
import CLinux
public import Errors

/// A directory that acts as "/" for every path that is given to it. All access to a container's file system goes through this
/// type.
///
/// A container's files are hostile, and may change while we look at them. The kernel resolves each path with openat2 and
/// `RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS`, so neither ".." nor a link, not even an absolute one, leads outside. The result
/// is a descriptor, and later steps use the descriptor: no name is checked first and looked up again later (CVE-2021-30465,
/// CVE-2024-45310, CVE-2019-18837).
@frozen
public struct RootedDirectory: ~Copyable {
    public let descriptor: FileDescriptor

    /// Takes ownership of an open directory.
    public init(adopting descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    private static let resolve: ResolveFlags = [.inRoot, .noMagicLinks]

    /// Opens the file at a path. The default flags only refer to the file: a fifo doesn't block, and a device isn't touched.
    public borrowing func open(_ path: ByteString, flags: OpenFlags = .path) throws(SystemError) -> FileDescriptor {
        try descriptor.openResolving(path.isEmpty ? "." : path, flags: flags, resolve: RootedDirectory.resolve)
    }

    /// Opens the file at a path. A symbolic link in the path is an error (ELOOP).
    @inline(never)
    public borrowing func openWithoutLinks(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        try descriptor.openResolving(path, flags: .path, resolve: [.inRoot, .noLinks])
    }

    /// Opens the directory at a path. Missing directories are made, with mode 0755.
    public borrowing func makeDirectories(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try open(path, flags: [.path, .directory])
        } catch  where error.errno != .ENOENT {
            throw error
        } catch {
            return try walk(path, making: .directory)
        }
    }

    /// Opens the file at a path, as a mount point. A missing file is made, empty, and so are missing directories above it. An
    /// existing directory is accepted.
    public borrowing func makeFile(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try open(path)
        } catch  where error.errno != .ENOENT {
            throw error
        } catch {
            return try walk(path, making: .file)
        }
    }

    /// Opens the directory that contains a path's last component; missing directories are made.
    ///
    /// - Parameter path: a path whose last component isn't "..".
    /// - Returns: the directory and the last component.
    /// - Throws: EINVAL if there is no such component, or the error of a call.
    @inline(never)
    public borrowing func parent(of path: ByteString) throws(SystemError) -> Entry {
        let (folder, name) = try RootedDirectory.split(path)
        return Entry(directory: try makeDirectories(folder), name: name)
    }

    /// Splits a path into its last component and what is before that. EINVAL if the last component is missing or "..".
    public static func split(_ path: ByteString) throws(SystemError) -> (folder: ByteString, name: ByteString) {
        var components = components(of: path)
        guard let name = components.popLast(), name != ".." else { throw SystemError("openat2", errno: .EINVAL) }
        return (join(components), name)
    }

    /// A name in an open directory.
    public struct Entry: ~Copyable {
        public let directory: FileDescriptor
        public let name: ByteString
    }

    private enum Leaf { case directory, file }

    private static func components(of path: ByteString) -> [ByteString] {
        path.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty && $0 != "." }
    }

    private static func join(_ components: [ByteString]) -> ByteString {
        var path: [UInt8] = []
        for component in components {
            path.append(UInt8(ascii: "/"))
            path.append(contentsOf: component.bytes)
        }
        return path.isEmpty ? "/" : ByteString(path)
    }

    /// Walks down from the root and makes missing components. If the target of a symbolic link is missing, the walk continues
    /// with the link's text, still inside the root.
    private borrowing func walk(_ path: ByteString, making leaf: Leaf) throws(SystemError) -> FileDescriptor {
        var done: [ByteString] = []
        var left = RootedDirectory.components(of: path)
        var links = 0
        var isMissing = false
        // Usually only the last component is missing.
        var current: FileDescriptor
        if let (folder, name) = try? RootedDirectory.split(path), let parent = try? open(folder, flags: [.path, .directory]) {
            current = parent
            done = left.dropLast()
            left = [name]
            isMissing = true
        } else {
            current = try open("/", flags: [.path, .directory])
        }
        while !left.isEmpty {
            let name = left.removeFirst()
            let isLast = left.isEmpty
            let wanted: OpenFlags = isLast && leaf == .file ? .path : [.path, .directory]
            if !isMissing {
                do throws(SystemError) {
                    current = try open(RootedDirectory.join(done + [name]), flags: wanted)
                    done.append(name)
                    continue
                } catch  where error.errno != .ENOENT {
                    throw error
                } catch {}
            }
            isMissing = false
            do throws(SystemError) {
                current = try RootedDirectory.make(name, in: current, isLast ? leaf : .directory)
                done.append(name)
            } catch  where error.errno == .EEXIST {
                links += 1
                guard links <= 40 else { throw SystemError("openat2", errno: .ELOOP) }
                // EINVAL: not a link. The name was missing first and existed then, so another process is changing the
                // directory.
                let target = try current.readLink(name)
                if target.hasPrefix("/") { done = [] }
                left = RootedDirectory.components(of: target) + left
                current = try open(RootedDirectory.join(done), flags: [.path, .directory])
            }
        }
        return current
    }

    private static func make(_ name: ByteString, in directory: borrowing FileDescriptor, _ leaf: Leaf) throws(SystemError)
        -> FileDescriptor
    {
        switch leaf {
        case .directory:
            try directory.makeDirectory(name, mode: 0o755)
            return try directory.open(name, flags: [.path, .directory, .noFollow])
        case .file:
            try directory.makeNode(name, .regular, mode: 0o644)
            return try directory.open(name, flags: [.path, .noFollow])
        }
    }
}
