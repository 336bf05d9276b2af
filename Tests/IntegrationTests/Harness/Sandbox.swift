import CHarness
import Testing

/// The surroundings of one test: a directory, a state root and a prefix for cgroups, all of them unique. After the test, the
/// sandbox ends all processes that the test left running, and reports everything that a deleted container left behind.
final class Sandbox: @unchecked Sendable {
    @TaskLocal private static var active: Sandbox?

    let directory: String
    let root: String
    private let prefix: String
    private var containers: [String] = []
    private var bundles = 0
    private var helpers: [RunningCommand] = []
    private var mounts: [String] = []

    /// The sandbox of the running test.
    static var current: Sandbox {
        get throws {
            guard let active else { throw HarnessFailure("the test's suite isn't marked .sandboxed") }
            return active
        }
    }

    fileprivate init() throws {
        prefix = String(UInt32.random(in: .min ... .max), radix: 16)
        directory = try Workspace.directory.get() + "/" + prefix
        root = directory + "/state"
        try makeDirectory(directory)
    }

    fileprivate func scope(_ body: () async throws -> Void) async throws {
        defer { tearDown() }
        try await Sandbox.$active.withValue(self) { try await body() }
    }

    /// The path that config.json gives for a container's cgroup.
    func cgroup(of id: String) -> String {
        "/\(Workspace.name)/\(prefix)-" + id.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    /// The number of a new bundle in this sandbox.
    func nextBundle() -> Int {
        bundles += 1
        return bundles
    }

    /// Deletes this container by force after the test.
    func willDelete(_ id: String) { containers.append(id) }

    /// Ends this program after the test.
    func keep(_ helper: RunningCommand) { helpers.append(helper) }

    /// Mounts a file system, and unmounts it after the test.
    func mount(_ source: String, on path: String, type: String? = nil, flags: Int = 0, data: String? = nil) throws {
        try makeDirectory(path)
        guard CHarness.mount(source, path, type, UInt(flags), data) == 0 else { throw HarnessFailure.system("mount on \(path)") }
        if flags & (Int(MS_SHARED) | Int(MS_SLAVE) | Int(MS_PRIVATE) | Int(MS_REMOUNT)) == 0 { mounts.append(path) }
    }

    /// The runtime's command with this sandbox's state root, not started yet.
    func command(_ arguments: [String], global: [String] = []) -> Command {
        Command([Workspace.runtime, "--root", root] + global + arguments)
    }

    /// Runs the runtime's command with this sandbox's state root.
    func runtime(_ arguments: String...) throws -> Finished { try command(arguments).run() }

    private func tearDown() {
        helpers.removeAll()
        for pid in guests where waitpid(pid, nil, WNOHANG) == 0 {
            CHarness.kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        for id in containers { delete(id) }
        for path in mounts.reversed() { _ = umount2(path, Int32(MNT_DETACH)) }
        for mount in Mount.table().reversed() where mount.path.hasPrefix(directory + "/") {
            Issue.record("left mounted: \(mount.path) (\(mount.type))")
            _ = umount2(mount.path, Int32(MNT_DETACH))
        }
        removeTree(directory)
        // We are a subreaper, so the containers' orphans are our children. Only this test's orphans are reaped here.
        for pid in orphans { waitpid(pid, nil, WNOHANG) }
    }

    private var orphans: [pid_t] = []

    /// Reaps this process after the test.
    func willReap(_ pid: pid_t) {
        // A stopped container has pid 0, and waitpid(0) takes any child, such as another test's command.
        if pid > 0 { orphans.append(pid) }
    }

    private var guests: [pid_t] = []

    /// Ends a child of ours that is in a container, after the test but before the container is deleted: the first process of a
    /// pid namespace can't end before this child is reaped.
    func willEnd(_ pid: pid_t) { guests.append(pid) }

    private func delete(_ id: String) {
        do {
            let deleted = try runtime("delete", "--force", id)
            if !deleted.succeeded { Issue.record("delete --force of what the test left: \(deleted)") }
        } catch {
            Issue.record(error, "delete --force")
        }
        if let left = leftovers(of: id) { Issue.record("left by container \(id): \(left)") }
        Cgroup.remove(cgroup(of: id))
    }

    /// A description of what is left of a container that should be gone; nil if nothing is left.
    func leftovers(of id: String) -> String? {
        let processes = Cgroup.processes(cgroup(of: id))
        if !processes.isEmpty { return "processes \(processes.sorted())" }
        if let cgroup = Cgroup.directories(cgroup(of: id)).first { return "cgroup \(cgroup)" }
        if exists(root + "/" + id) { return "state \(entries(of: root + "/" + id))" }
        return nil
    }
}

/// Gives each test of a suite a sandbox.
struct SandboxTrait: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        try await Sandbox().scope(function)
    }
}

extension Trait where Self == SandboxTrait {
    /// Gives each test of the suite a sandbox of its own.
    static var sandboxed: Self { Self() }
}
