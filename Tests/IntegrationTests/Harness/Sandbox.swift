import CHarness
import Testing

/// What one test works in: a directory, a state root and a prefix for cgroups, none of which another test sees. When the test is
/// over, whatever it left running is ended, and what a deleted container left behind is reported.
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

    /// Where the runtime is asked to put a container's cgroup.
    func cgroup(of id: String) -> String {
        "/\(Workspace.name)/\(prefix)-" + id.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    func nextBundle() -> Int {
        bundles += 1
        return bundles
    }

    /// Has a container deleted, by force, when the test is over.
    func willDelete(_ id: String) { containers.append(id) }

    /// Has a program ended when the test is over.
    func keep(_ helper: RunningCommand) { helpers.append(helper) }

    /// A file system of the test's own, unmounted when it's over.
    func mount(_ source: String, on path: String, type: String? = nil, flags: Int = 0, data: String? = nil) throws {
        try makeDirectory(path)
        guard CHarness.mount(source, path, type, UInt(flags), data) == 0 else { throw HarnessFailure.system("mount on \(path)") }
        if flags & (Int(MS_SHARED) | Int(MS_SLAVE) | Int(MS_PRIVATE) | Int(MS_REMOUNT)) == 0 { mounts.append(path) }
    }

    func command(_ arguments: [String], global: [String] = []) -> Command {
        Command([Workspace.runtime, "--root", root] + global + arguments)
    }

    /// Runs the runtime.
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
        // Containers' processes whose runtime is gone have become our children. Those of other tests are none of our business.
        for pid in orphans { waitpid(pid, nil, WNOHANG) }
    }

    private var orphans: [pid_t] = []

    /// A process to be reaped when the test is over.
    func willReap(_ pid: pid_t) {
        // 0, of a container that has stopped, would be any child: another test's command.
        if pid > 0 { orphans.append(pid) }
    }

    private var guests: [pid_t] = []

    /// A process of ours in a container, to be ended when the test is over. The first process of its pid namespace can't end before
    /// it's reaped.
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

    /// What there still is of a container that should be gone; nil if nothing.
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
    static var sandboxed: Self { Self() }
}
