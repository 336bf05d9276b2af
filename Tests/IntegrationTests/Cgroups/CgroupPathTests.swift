import CHarness
import Testing

@Suite("cgroup path and mount", .needsRoot, .sandboxed)
struct CgroupPathTests {
    @Test func absolutePathIsBelowTheMountPoint() throws {
        let bundle = try Bundle { $0.runs("echo ready; sleep 1000") }
        let container = try bundle.start()
        try container.waitFor("ready")
        #expect(Cgroup.processes(bundle.cgroup).contains(container.pid))
        // In every hierarchy, so that the process escapes no limit of a parent cgroup.
        for directory in Cgroup.directories(bundle.cgroup) {
            #expect(read(directory + "/cgroup.procs").words.contains(String(container.pid)), "\(directory)")
        }
    }

    @Test func parentsAreMade() throws {
        let bundle = try Bundle()
        defer { Cgroup.remove(bundle.cgroup) }
        bundle.config.linux.cgroupsPath = .string(bundle.cgroup + "/a/b")
        let container = try bundle.create()
        #expect(Cgroup.processes(bundle.cgroup + "/a/b") == [container.pid])
        try container.delete()
        #expect(Cgroup.directories(bundle.cgroup + "/a/b").isEmpty)
    }

    @Test func relativePathIsTheSamePlaceEachTime() throws {
        let name = String(Workspace.name.dropFirst()) + "-relative"
        var seen: [String] = []
        for _ in 0..<2 {
            let container = try Bundle { $0.linux.cgroupsPath = .string(name) }.create()
            seen.append(read("/proc/\(container.pid)/cgroup"))
            try container.delete()
        }
        #expect(seen[0] == seen[1])
        #expect(seen[0].contains(name))
    }

    @Test func withoutAPathThereIsOneForEachContainer() throws {
        let id = Workspace.name + "-" + String(UInt32.random(in: .min ... .max), radix: 16)
        let bundle = try Bundle(id: id) { $0.linux.cgroupsPath = .null }
        let container = try bundle.create()
        #expect(read("/proc/\(container.pid)/cgroup").contains(id))
        try container.delete()
        #expect(Cgroup.hierarchies.allSatisfy { !entries(of: $0).contains(id) })
    }

    @Test(arguments: ["../escape", "/../escape", "/a/../../escape", "..", "a/../../../b", "/a/./../b\u{1}\n"])
    func pathThatLeadsUpwardsIsRefused(path: String) throws {
        let message = try refusal { $0.linux.cgroupsPath = .string(path) }
        #expect(message.points(to: "/linux/cgroupsPath"), "\(message)")
    }

    // The kernel would make the cgroup, but paths to its files would be too long, so nobody could use or remove it.
    @Test(arguments: [4060, 4075, 4085, 4095]) func pathThatLeavesNoRoomForFilesIsRefused(length: Int) throws {
        let bundle = try Bundle()
        defer { Cgroup.remove(bundle.cgroup) }
        let rest = String(repeating: "A", count: length - bundle.cgroup.utf8.count - 1)
        bundle.config.linux.cgroupsPath = .string(bundle.cgroup + "/" + rest)
        let message = try bundle.refusal()
        #expect(message.points(to: "/linux/cgroupsPath"))
        #expect(message.says("leave room for the files in it"))
    }

    // Deleting the container would end the processes that are already in the cgroup.
    @Test(arguments: ["", "/below/deeper"]) func cgroupThatOthersUseIsRefused(place: String) throws {
        let bundle = try Bundle()
        let victim = try Command([Workspace.probe, "pause"]).start()
        // On v1 only in the freezer hierarchy: the v2 tree beside v1 would show the process easily.
        let used = Host.isUnified ? Cgroup.hierarchies : Cgroup.hierarchies.filter { $0.hasSuffix("/freezer") }
        for hierarchy in used {
            try makeDirectory(hierarchy + bundle.cgroup + place)
            try write(String(victim.pid), to: hierarchy + bundle.cgroup + place + "/cgroup.procs")
        }
        defer {
            for hierarchy in used { try? write(String(victim.pid), to: hierarchy + "/cgroup.procs") }
            Cgroup.remove(bundle.cgroup)
        }
        let finished = try bundle.command("create").run()
        #expect(finished.ending == .exited(1))
        #expect(finished.message.says("the cgroup exists already and has processes in it or below it"))
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        #expect(!victim.hasEnded && kill(victim.pid, 0) == 0)
        #expect(Cgroup.processes(bundle.cgroup + place) == [victim.pid])
    }

    // A stopped container that isn't deleted yet still has its cgroup. Its deletion would end the second container's processes.
    @Test func cgroupOfAnotherContainerIsRefused() throws {
        let first = try Bundle().start()
        _ = try first.wait()
        let second = try Bundle { $0.linux.cgroupsPath = .string(first.bundle.cgroup) }
        let message = try second.refusal()
        #expect(message.points(to: "/linux/cgroupsPath"))
        #expect(message.says("the cgroup is that of container \"\(first.id)\""))
        #expect(!Cgroup.directories(first.bundle.cgroup).isEmpty)
        try first.delete()
        #expect(try second.run().succeeded)
    }

    @Test func readOnlyCgroupsOfTheHostAreNamed() throws {
        let bundle = try Bundle()
        var command = try bundle.command("create")
        command.wrap(
            in: """
                for h in \(Cgroup.hierarchies.joined(separator: " ")); do mount -o remount,bind,ro $h; done
                """)
        command.arguments = ["unshare", "-m", "--propagation", "private"] + command.arguments
        let message = try bundle.refusal(by: command)
        #expect(message.says("can't make the cgroup, since "))
        #expect(message.says(" is mounted read-only: read-only file system"))
        #expect(message.says("mount it writable, or do without cgroups: --cgroup-manager disabled"))
        #expect(!message.contains("run as root"))
    }

    /// Runs a script in a container with the mount of cgroups that engines ask for, and returns what the script wrote.
    private func mounting(_ options: [String], _ script: String, _ configure: (inout JSON) -> Void = { _ in }) throws -> String {
        try output(ofScript: script) {
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", options))
            configure(&$0)
        }
    }

    private let controller = Host.isUnified ? "" : "/pids"

    @Test(arguments: Host.isUnified ? [true] : [true, false]) func mountShowsTheContainersOwnCgroup(withNamespace: Bool) throws {
        let seen = try mounting(
            ["nosuid", "noexec", "nodev", "relatime", "ro"], "cat /sys/fs/cgroup\(controller)/cgroup.procs; sleep 0"
        ) {
            if !withNamespace { $0.drop(namespace: "cgroup") }
        }
        #expect(seen.lines.contains("1"))
    }

    // Programs put the mount and the path in /proc/self/cgroup together.
    @Test(arguments: [true, false], [true, false])
    func v2MountHasThePathsOfTheContainersNamespace(withNamespace: Bool, inUserNamespace: Bool) throws {
        let bundle = try Bundle {
            $0.mounts.append(.mount("/two", type: "cgroup2", source: "cgroup2", ["nosuid", "noexec", "nodev"]))
            $0.runs(
                """
                path=$(sed -n s/^0:://p /proc/self/cgroup); grep -c "^$$\\$" "/two$path/cgroup.procs"
                mkdir "/two$path/new" 2>/dev/null && rmdir "/two$path/new" && echo writable || echo read-only
                """)
            $0.process.capabilities = .capabilities(["CAP_DAC_OVERRIDE"])
            if inUserNamespace { $0.mapUsers() }
            if !withNamespace { $0.drop(namespace: "cgroup") }
        }
        // The mapped root may not make it.
        try makeDirectory(bundle.rootfs + "/two")
        // Only a host with cgroup v2 alone gives a cgroup to the mapped root.
        let isWritable = !inUserNamespace || (withNamespace && Host.isUnified)
        #expect(try bundle.output() == "1\n\(isWritable ? "writable" : "read-only")\n")
    }

    @Test func readOnlyMountTakesNoWrites() throws {
        let seen = try mounting(
            ["nosuid", "noexec", "nodev", "relatime", "ro"],
            "mkdir /sys/fs/cgroup\(controller)/new || echo refused; cat /proc/self/mountinfo")
        #expect(seen.hasPrefix("refused\n"))
        let mounts = Mount.table(seen).filter { $0.type.hasPrefix("cgroup") }
        #expect(!mounts.isEmpty)
        for mount in mounts { #expect(mount.options.isSuperset(of: ["ro", "nosuid", "noexec", "nodev"]), "\(mount.path)") }
    }

    @Test func writableMountLetsRootDivideItsCgroup() throws {
        let seen = try mounting(
            ["nosuid", "noexec", "nodev", "relatime"],
            "mkdir /sys/fs/cgroup\(controller)/new && echo made && rmdir /sys/fs/cgroup\(controller)/new"
        ) {
            $0.process.capabilities = .capabilities(["CAP_DAC_OVERRIDE"])
        }
        #expect(seen == "made\n")
    }

    @Test(.needsLegacyCgroups) func eachControllerIsAtItsUsualPlace() throws {
        let seen = try mounting(["ro"], "ls /sys/fs/cgroup").lines
        for controller in ["cpu", "memory", "pids", "devices"] where Cgroup.hasController(controller) {
            #expect(seen.contains(controller), "\(seen)")
        }
    }

    // CVE-2022-0492: a process that can write this file can have the kernel run a program on the host.
    @Test(.needsLegacyCgroups, arguments: [true, false]) func releaseAgentIsOutOfReach(withNamespace: Bool) throws {
        let seen = try mounting(
            ["nosuid", "noexec", "nodev"],
            "ls /sys/fs/cgroup/*/release_agent 2>/dev/null || :; ls /sys/fs/cgroup/pids/cgroup.procs"
        ) {
            if !withNamespace { $0.drop(namespace: "cgroup") }
        }
        #expect(seen == "/sys/fs/cgroup/pids/cgroup.procs\n")
    }

    // Giving a v1 cgroup to another user isn't safe.
    @Test(.needsLegacyCgroups) func legacyCgroupsStayTheHosts() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["nosuid", "noexec", "nodev"]))
        }
        _ = try bundle.create()
        let directories = Cgroup.directories(bundle.cgroup)
        #expect(!directories.isEmpty)
        for directory in directories { #expect(try metadata(directory).st_uid == 0, "\(directory)") }
    }

    // cgroups(7), "Cgroup delegation": the container's user owns the files that divide the cgroup, but not its limits.
    @Test(.needsUnifiedCgroups) func writableMountInAUserNamespaceIsTheUsers() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["nosuid", "noexec", "nodev"]))
        }
        _ = try bundle.create()
        let directory = "/sys/fs/cgroup" + bundle.cgroup
        #expect(try metadata(directory).st_uid == 100_000)
        #expect(try metadata(directory + "/cgroup.procs").st_uid == 100_000)
        #expect(try metadata(directory + "/cgroup.subtree_control").st_uid == 100_000)
        #expect(try metadata(directory + "/memory.max").st_uid == 0)
    }

    @Test(.needsUnifiedCgroups) func mountWithoutACgroupNamespaceLeavesTheOwner() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.drop(namespace: "cgroup")
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["nosuid", "noexec", "nodev"]))
        }
        _ = try bundle.create()
        #expect(try metadata("/sys/fs/cgroup" + bundle.cgroup).st_uid == 0)
    }

    @Test(.needsUnifiedCgroups) func readOnlyMountLeavesTheOwner() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["nosuid", "noexec", "nodev", "ro"]))
        }
        _ = try bundle.create()
        #expect(try metadata("/sys/fs/cgroup" + bundle.cgroup).st_uid == 0)
    }

    // On a host with both versions, type cgroup2 mounts the v2 tree, and type cgroup the v1 trees.
    @Test(.needsLegacyCgroups, arguments: [true, false]) func typeDecidesBetweenTheVersions(ownNamespace: Bool) throws {
        try #require(Cgroup.hierarchies.contains("/sys/fs/cgroup/unified"), "needs a v2 tree beside v1")
        let bundle = try Bundle {
            $0.mounts.append(.mount("/two", type: "cgroup2", source: "cgroup2", ["ro", "nosuid"]))
            $0.mounts.append(.mount("/one", type: "cgroup", source: "cgroup", ["ro"]))
            $0.runs("ls /two | grep -c '^cgroup.procs$'; cat /proc/self/mountinfo")
            if !ownNamespace { $0.drop(namespace: "cgroup") }
        }
        let seen = try bundle.output()
        #expect(seen.hasPrefix("1\n"))
        let mounts = Mount.table(seen)
        let two = mounts.filter { $0.path.hasPrefix("/two") }
        #expect(two.map(\.type) == ["cgroup2"] && two.map(\.path) == ["/two"])
        #expect(two.first?.options.isSuperset(of: ["ro", "nosuid"]) == true)
        #expect(mounts.contains { $0.path == "/one/pids" && $0.type == "cgroup" })
    }
}
