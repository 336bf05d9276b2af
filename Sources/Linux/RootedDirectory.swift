public import Bytes
import CLinux
public import Errors

/// A directory that is "/" for every path given to it: the only way by which anything in a container's file system is reached.
///
/// A container's files are hostile, and may change while they're looked at. The kernel resolves each path (openat2 with
/// `RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS`): links, "..", absolute ones too, end inside. What comes back is a descriptor, and the
/// descriptor is used: no check is made on a name that is looked up again later (CVE-2021-30465, CVE-2024-45310, CVE-2019-18837).
@frozen
public struct RootedDirectory: ~Copyable {
    public let descriptor: FileDescriptor

    public init(adopting descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    private static let resolve: ResolveFlags = [.inRoot, .noMagicLinks]

    /// The file at a path. `O_PATH` opens nothing: no fifo blocks, no device is touched.
    public borrowing func open(_ path: ByteString, flags: OpenFlags = .path) throws(SystemError) -> FileDescriptor {
        try descriptor.openResolving(path.isEmpty ? "." : path, flags: flags, resolve: RootedDirectory.resolve)
    }

    /// The file at a path that has no link in it: else ELOOP.
    @inline(never)
    public borrowing func openWithoutLinks(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        try descriptor.openResolving(path, flags: .path, resolve: [.inRoot, .noLinks])
    }

    /// The directory at a path: what is missing of it is made, component by component, mode 0755.
    public borrowing func makeDirectories(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try open(path, flags: [.path, .directory])
        } catch  where error.errno != .ENOENT {
            throw error
        } catch {
            return try walk(path, making: .directory)
        }
    }

    /// The file at a path, to mount something on: a missing one is made, empty. A directory is taken as it is.
    public borrowing func makeFile(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try open(path)
        } catch  where error.errno != .ENOENT {
            throw error
        } catch {
            return try walk(path, making: .file)
        }
    }

    /// The directory that a path's last component lies in, made where missing, and that component.
    @inline(never)
    public borrowing func parent(of path: ByteString) throws(SystemError) -> Entry {
        var components = RootedDirectory.components(of: path)
        guard let name = components.popLast(), name != ".." else { throw SystemError("openat2", errno: .EINVAL) }
        return Entry(directory: try makeDirectories(RootedDirectory.join(components)), name: name)
    }

    /// A name in a directory that is held open.
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

    /// Goes down from the root and makes what is missing. A link to nowhere is followed by its text, still inside.
    private borrowing func walk(_ path: ByteString, making leaf: Leaf) throws(SystemError) -> FileDescriptor {
        var done: [ByteString] = []
        var left = RootedDirectory.components(of: path)
        var links = 0
        var current = try open("/", flags: [.path, .directory])
        while !left.isEmpty {
            let name = left.removeFirst()
            let isLast = left.isEmpty
            let wanted: OpenFlags = isLast && leaf == .file ? .path : [.path, .directory]
            do throws(SystemError) {
                current = try open(RootedDirectory.join(done + [name]), flags: wanted)
                done.append(name)
                continue
            } catch  where error.errno != .ENOENT {
                throw error
            } catch {}
            do throws(SystemError) {
                current = try RootedDirectory.make(name, in: current, isLast ? leaf : .directory)
                done.append(name)
            } catch  where error.errno == .EEXIST {
                links += 1
                guard links <= 40 else { throw SystemError("openat2", errno: .ELOOP) }
                // Not a link (EINVAL), yet neither there nor makeable: it came and went under our hands.
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
