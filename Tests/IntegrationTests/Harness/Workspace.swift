import CHarness

/// What all tests of a run share: a tmpfs of limited size, a unique name for cgroups, and copies of the programs.
enum Workspace {
    /// With WHERRY_TEST_MARK, whoever runs the tests can tell what they leave.
    static let name =
        "wherry-test-" + (environment("WHERRY_TEST_MARK") ?? "") + String(UInt32.random(in: .min ... .max), radix: 16)

    static let runtime = environment("WHERRY_RUNTIME") ?? buildDirectory + "/../release/wherry"
    static let probe = environment("WHERRY_PROBE") ?? buildDirectory + "/probe"
    static let busybox = ["/bin/busybox", "/usr/bin/busybox"].first(where: exists) ?? "busybox-static isn't installed"

    private static let buildDirectory: String = {
        let program = linkTarget("/proc/self/exe") ?? ""
        return String(program.prefix(upTo: program.lastIndex(of: "/") ?? program.startIndex))
    }()

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Made when the first test needs it, and removed when the process exits.
    static let directory: Result<String, HarnessFailure> = {
        let path = "/tmp/\(name)"
        for program in [runtime, probe, busybox] where access(program, X_OK) != 0 {
            return .failure(.system("\(program), which the tests run"))
        }
        if Mount.table().first(where: { $0.path == "/" })?.propagation.contains(where: { $0.hasPrefix("shared") }) == true {
            return .failure(
                HarnessFailure("run the tests in a private mount namespace: unshare --mount --pid --fork --mount-proc"))
        }
        guard mkdir(path, 0o755) == 0, CHarness.mount("tmpfs", path, "tmpfs", 0, "size=512m,mode=755") == 0 else {
            return .failure(.system("a tmpfs on \(path)"))
        }
        atexit {
            let path = "/tmp/\(Workspace.name)"
            _ = umount2(path, Int32(MNT_DETACH))
            rmdir(path)
            for hierarchy in Cgroup.hierarchies { rmdir("\(hierarchy)/\(Workspace.name)") }
        }
        return Result { try copyPrograms(to: path) }.mapError { HarnessFailure("\($0)") }
    }()

    private static func copyPrograms(to directory: String) throws -> String {
        try write(readBytes(busybox), to: directory + "/busybox", mode: 0o755)
        try write(readBytes(probe), to: directory + "/probe", mode: 0o755)
        // The copy is in a directory that unprivileged users can reach.
        try write(readBytes(runtime), to: directory + "/wherry", mode: 0o755)
        return directory
    }
}

/// The cgroup file systems: v1 (with or without a unified hierarchy beside the others) or v2.
enum Cgroup {
    static let isUnified = Host.isUnified

    /// Every mounted hierarchy.
    static let hierarchies: [String] = mounts.map(\.path)

    private static let mounts = Mount.table().filter { $0.type.hasPrefix("cgroup") && $0.path.hasPrefix("/sys/fs/cgroup") }

    /// The directory of a cgroup with this controller's files; nil if the host doesn't have the controller.
    static func directory(_ controller: String, _ path: String) -> String? {
        if isUnified { return hasController(controller) ? "/sys/fs/cgroup" + path : nil }
        let mount = mounts.first { $0.type == "cgroup" && $0.superOptions.contains(controller) }
        return mount.map { $0.path + path }
    }

    /// Whether the host has this controller, on v1 or v2.
    static func hasController(_ name: String) -> Bool {
        isUnified
            ? read("/sys/fs/cgroup/cgroup.controllers").words.contains(name)
            : mounts.contains { $0.type == "cgroup" && $0.superOptions.contains(name) }
    }

    static let accountsForSwap =
        isUnified || exists(directory("memory", "/memory.memsw.limit_in_bytes") ?? "")

    /// The existing directories of a cgroup, in all hierarchies.
    static func directories(_ path: String) -> [String] { hierarchies.map { $0 + path }.filter(exists) }

    /// The processes in a cgroup, in all hierarchies.
    static func processes(_ path: String) -> Set<pid_t> {
        Set(directories(path).flatMap { read($0 + "/cgroup.procs").words.compactMap { pid_t($0) } })
    }

    /// Kills all processes of a cgroup, and removes the cgroup and those below it.
    static func remove(_ path: String) {
        for pid in processes(path) { CHarness.kill(pid, SIGKILL) }
        for directory in directories(path) { removeDirectory(directory) }
    }

    private static func removeDirectory(_ path: String) {
        for name in entries(of: path) where (try? metadata(path + "/" + name).kind) == .directory {
            removeDirectory(path + "/" + name)
        }
        // The directory is busy until the last killed process is gone.
        for _ in 0..<200 where rmdir(path) != 0 && h_errno_now() == EBUSY { usleep(10_000) }
    }
}
