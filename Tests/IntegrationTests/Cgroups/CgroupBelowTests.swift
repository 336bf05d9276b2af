import CHarness
import Testing

/// A container that is to manage cgroups of its own: the annotation `run.oci.delegate-cgroup`.
@Suite("cgroups that the container manages", .needsRoot, .sandboxed)
struct CgroupBelowTests {
    /// A container with a writable cgroup mount, whose first process is in a cgroup below the container's.
    private func bundle(_ path: String, runs script: String, _ configure: (inout JSON) throws -> Void = { _ in }) throws -> Bundle
    {
        try Bundle {
            $0.annotations = ["run.oci.delegate-cgroup": .string(path)]
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["nosuid", "noexec", "nodev"]))
            $0.runs(script)
            try configure(&$0)
        }
    }

    @Test(.needsUnifiedCgroups, arguments: ["init", "/a/b"]) func firstProcessIsBelow(path: String) throws {
        let below = path == "init" ? "/init" : "/a/b"
        let output = try bundle(path, runs: "cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs | wc -l").output()
        #expect(output == "0::\(below)\n0\n")
    }

    @Test(.needsUnifiedCgroups, .needs(controller: "pids"), .needs(controller: "memory"), arguments: [false, true])
    func containerMakesCgroupsWithLimits(inUserNamespace: Bool) throws {
        let script = """
            mkdir /sys/fs/cgroup/init/worker && echo made
            cd /sys/fs/cgroup/init/worker && echo $$ >cgroup.procs && cat /proc/self/cgroup
            cat ../cgroup.controllers; cat ../../pids.max
            """
        let output = try bundle("init", runs: script) {
            if inUserNamespace { $0.mapUsers() }
            $0.linux.resources.pids.limit = 77
        }.output()
        #expect(output.hasPrefix("made\n0::/init/worker\n") && output.hasSuffix("\n77\n"), "\(output)")
        #expect(output.words.contains("pids") && output.words.contains("memory"))
    }

    @Test(.needsUnifiedCgroups) func limitsStayTheRuntimes() throws {
        let bundle = try bundle("init", runs: "sleep 1000") { $0.mapUsers() }
        let container = try bundle.start()
        let directory = "/sys/fs/cgroup" + bundle.cgroup + "/init"
        #expect(read(directory + "/cgroup.procs").words == [String(container.pid)])
        #expect(try metadata(directory).st_uid == 100_000)
        #expect(try metadata(directory + "/cgroup.procs").st_uid == 100_000)
        #expect(try metadata(directory + "/pids.max").st_uid == 0)
        #expect(try container.output(ofScript: "cat /proc/self/cgroup") == "0::/init\n", "exec")
        try container.delete("--force")
        #expect(Cgroup.directories(bundle.cgroup).isEmpty)
    }

    @Test(.needsUnifiedCgroups) func emptyPathMeansNone() throws {
        #expect(try bundle("", runs: "cat /proc/self/cgroup").output() == "0::/\n")
    }

    @Test(arguments: ["run.oci.delegate-cgroup", "run.oci.systemd.subgroup"]) func pathThatLeadsUpwardsIsRefused(name: String)
        throws
    {
        let bundle = try Bundle {
            $0.annotations = .object([name: "a/../../b"])
            $0.linux.cgroupsPath = .null
        }
        let global = name == "run.oci.systemd.subgroup" ? ["--systemd-cgroup"] : []
        let message = try bundle.refusal(by: bundle.command("create", global: global))
        #expect(message.says("the annotation \"\(name)\" isn't the path of a cgroup: a/../../b"), "\(message)")
        #expect(message.says("give a path without \"..\""))
        #expect(message.points(to: "/annotations/" + name))
    }

    @Test(.needsLegacyCgroups) func isRefusedWithHierarchiesOfVersion1() throws {
        let message = try bundle("init", runs: "true").refusal()
        #expect(message.says("cgroups can be left to a container only on a host with cgroup v2 alone"), "\(message)")
        #expect(message.points(to: "/annotations/run.oci.delegate-cgroup"))
    }

    @Test(.needsUnifiedCgroups) func isLeftOutWithoutACgroup() throws {
        let bundle = try bundle("init", runs: "true")
        let finished = try bundle.command("create", global: ["--cgroup-manager=disabled"]).run()
        #expect(finished.succeeded, "without a cgroup there is none to divide: \(finished)")
        _ = try Container(of: bundle, finished)
    }

    @Test(.needsUnifiedCgroups) func cantBeCheckpointed() throws {
        let bundle = try bundle("init", runs: "sleep 1000")
        _ = try bundle.start()
        let finished = try bundle.sandbox.runtime("checkpoint", "--image-path", bundle.path + "/image", bundle.id)
        #expect(
            finished.message.says("a container that manages cgroups of its own can't be checkpointed or restored"), "\(finished)")
        #expect(finished.message.says("create the container without the annotation"))
    }
}
