import Bytes
import CLinux
import Linux

@testable import Cgroups

/// A directory that stands for a hierarchy. It's removed with this object.
final class TemporaryTree: Sendable {
    let path: ByteString
    let root: FileDescriptor

    init() throws {
        let stamp = ByteString(decimal: getpid()) + "-" + ByteString(decimal: Clock.monotonic())
        path = "/tmp/wherry-cgroups-" + stamp
        try FileDescriptor.open("/", flags: [.path, .directory]).makeDirectory(path, mode: 0o700)
        root = try FileDescriptor.open(path, flags: [.readOnly, .directory])
    }

    deinit { Self.removeAll(root, path) }

    private static func removeAll(_ directory: borrowing FileDescriptor, _ path: ByteString) {
        for entry in (try? directory.entries()) ?? [] {
            if entry.type == .directory, let child = try? directory.open(entry.name, flags: [.readOnly, .directory]) {
                removeAll(child, path + "/" + entry.name)
            } else {
                try? directory.unlink(entry.name)
            }
        }
        path.withCString { _ = rmdir($0) }
    }

    func makeDirectory(_ name: ByteString) throws { try root.makeDirectory(name, mode: 0o700) }

    func put(_ file: ByteString, _ text: ByteString = "") throws {
        try root.open(file, flags: [.writeOnly, .create, OpenFlags(rawValue: O_TRUNC)], mode: 0o600).writeAll(text.bytes)
    }

    func text(_ file: ByteString) throws -> String { ByteString(try root.readFile(file)).displayText }

    /// A hierarchy whose mount point is this directory.
    func hierarchy(_ version: Hierarchy.Version, _ subsystems: ByteString = "") throws -> Hierarchy {
        Hierarchy(
            version: version, subsystems: subsystems, mountPoint: path,
            root: try FileDescriptor.open(path, flags: [.path, .directory]))
    }
}

extension CgroupHost {
    /// A host with these hierarchies only.
    static func made(of hierarchies: [Hierarchy]) -> CgroupHost {
        let unified = hierarchies.count == 1 && hierarchies[0].version == .v2
        return CgroupHost(layout: unified ? .unified : .legacy, hierarchies: hierarchies)
    }
}
