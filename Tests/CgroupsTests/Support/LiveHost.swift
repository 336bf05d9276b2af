import Bytes
import CLinux
import Linux

@testable import Cgroups

/// The machine's own cgroups. Tests use unique paths in them.
enum LiveHost {
    /// Whether v1 can be tested: only root may make cgroups, and v1's files exist only where v1 is mounted.
    static let hasV1: Bool = getuid() == 0 && layout == .legacy && directories.contains("freezer")

    /// Whether there is a v2 directory, alone or beside v1.
    static let hasV2: Bool = getuid() == 0 && (layout == .unified || directories.contains("unified"))

    /// Whether there is only v2, with controllers.
    static let isUnified: Bool = getuid() == 0 && layout == .unified

    /// Whether the tests run as an unprivileged user on a host that has only v2.
    static let isUserOfUnified: Bool = getuid() != 0 && layout == .unified

    static let reason = "needs root and the cgroup version under test, mounted in its usual place"

    private static var layout: CgroupHost.Layout? { try? detected().layout }

    private static var directories: [ByteString] {
        ((try? detected())?.hierarchies ?? []).map { $0.mountPoint.split(separator: UInt8(ascii: "/")).last ?? "" }
    }

    static func detected() throws -> CgroupHost { try CgroupHost.detect(procfs: ProcFileSystem.forHost()) }

    /// The host with the hierarchies of one version only.
    static func only(_ version: Hierarchy.Version) throws -> CgroupHost {
        .made(of: try detected().hierarchies.filter { $0.version == version })
    }

    /// A new unique path, with a unique parent. With WHERRY_TEST_MARK, whoever runs the tests can tell what they leave.
    static func path(_ name: ByteString = "ct") throws -> CgroupPath {
        let mark = getenv("WHERRY_TEST_MARK").map { ByteString(cString: $0) } ?? ""
        let parent = "wherry-test-" + mark + ByteString(decimal: getpid()) + "-" + ByteString(decimal: Clock.monotonic())
        return try CgroupPath("/" + parent + "/" + name, id: "x")
    }
}

/// A cgroup that is removed with this object, whatever a test leaves in it.
final class LiveCgroup {
    let cgroup: Cgroup
    private var children: [Child] = []

    init(_ host: CgroupHost, _ path: CgroupPath) throws {
        cgroup = try Cgroup(host: host, path: path)
        try cgroup.create()
    }

    deinit {
        try? cgroup.thaw()
        for child in children { child.end() }
        try? cgroup.remove()
    }

    /// Starts a shell, and puts it into the cgroup or into one below.
    func spawn(in sub: ByteString = "", _ program: ByteString = "exec sleep 1000") throws -> Int32 {
        let child = try Child(shell: program)
        children.append(child)
        for directory in cgroup.record.directories {
            let place = try FileDescriptor.open(sub.isEmpty ? directory : directory + "/" + sub, flags: [.path, .directory])
            try place.writeFile("cgroup.procs", ByteString(decimal: child.pid).bytes)
        }
        return child.pid
    }

    /// Makes a cgroup below this one in each hierarchy, as a container's own init system would.
    func makeSub(_ name: ByteString) throws {
        for directory in cgroup.record.directories {
            try FileDescriptor.open(directory, flags: [.path, .directory]).makeDirectory(name, mode: 0o755)
            guard directory.hasPrefix("/sys/fs/cgroup/cpuset/") else { continue }
            for file: ByteString in ["cpuset.cpus", "cpuset.mems"] {
                try put(read(file, in: directory), file, in: directory + "/" + name)
            }
        }
    }

    func directory(_ hierarchy: ByteString) -> ByteString { "/sys/fs/cgroup/" + hierarchy + "/" + cgroup.path.relative }

    func read(_ file: ByteString, in directory: ByteString) throws -> ByteString {
        ByteString(try FileDescriptor.open(directory, flags: [.path, .directory]).readFile(file)).trimmed
    }

    func put(_ text: ByteString, _ file: ByteString, in directory: ByteString) throws {
        try FileDescriptor.open(directory, flags: [.path, .directory]).writeFile(file, text.bytes)
    }

    /// The signal that ended the child with this pid. nil if the child still runs after 5 seconds, or exited by itself.
    func signalThatEnded(_ pid: Int32) -> Int32? {
        guard let child = children.first(where: { $0.pid == pid }), case .killed(let signal) = child.status(within: 5000) else {
            return nil
        }
        return signal
    }

    /// Runs a program whose whole life is in the cgroup, and returns its exit status.
    func exitStatus(of program: ByteString) throws -> Int32? {
        let pid = try spawn("kill -STOP $$; " + program)
        let procfs = try ProcFileSystem.forHost()
        let deadline = Deadline(milliseconds: 5000)
        while try procfs.birth(of: pid)?.state != UInt8(ascii: "T"), !deadline.isOver { Clock.sleep(milliseconds: 1) }
        guard let child = children.first(where: { $0.pid == pid }) else { return nil }
        child.send(SIGCONT)
        guard case .exited(let status) = child.status(within: 5000) else { return nil }
        return status
    }

    /// Whether the child with this pid still runs.
    func isRunning(_ pid: Int32) -> Bool { children.contains { $0.pid == pid && $0.status(within: 0) == nil } }
}

/// Whether this directory exists.
func isThere(_ path: ByteString) -> Bool { (try? FileDescriptor.open(path, flags: [.path, .directory])) != nil }

extension CgroupRecord {
    /// The absolute directories, one for each hierarchy.
    var directories: [ByteString] { groups.map { $0.mountPoint + "/" + path } }
}
