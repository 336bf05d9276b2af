import CHarness
import Testing

/// `linux.memoryPolicy`, as the container finds it in /proc/self/numa_maps: numa(7), proc_pid_numa_maps(5).
@Suite(
    "memory policy", .needsRoot, .sandboxed,
    .enabled(if: exists("/proc/self/numa_maps"), "the kernel has no NUMA memory policies"))
struct MemoryPolicyTests {
    /// What numa_maps shows of the policy of the container's process.
    private func policy(_ policy: JSON) throws -> String {
        try output(of: "cat", "/proc/self/numa_maps") { $0.linux.memoryPolicy = policy }.policies.first ?? "none"
    }

    @Test(
        arguments: [
            (["mode": "MPOL_DEFAULT"], "default"), (["mode": "MPOL_LOCAL"], "local"),
            (["mode": "MPOL_BIND", "nodes": "0"], "bind:0"), (["mode": "MPOL_INTERLEAVE", "nodes": "0"], "interleave:0"),
            (["mode": "MPOL_PREFERRED", "nodes": "0"], "prefer:0"), (["mode": "MPOL_PREFERRED"], "local"),
            (["mode": "MPOL_PREFERRED", "nodes": ""], "local"),
        ] as [(JSON, String)])
    func modeIsSet(policy: JSON, seen: String) throws { #expect(try self.policy(policy) == seen) }

    @Test(.needsKernel(5, 15)) func severalNodesCanBePreferred() throws {
        #expect(try policy(["mode": "MPOL_PREFERRED_MANY", "nodes": "0"]) == "prefer (many):0")
    }

    @Test(.needsKernel(6, 9)) func nodesCanHaveWeights() throws {
        #expect(try policy(["mode": "MPOL_WEIGHTED_INTERLEAVE", "nodes": "0"]) == "weighted interleave:0")
    }

    @Test(
        arguments: [
            ("MPOL_F_STATIC_NODES", "bind=static:0"), ("MPOL_F_RELATIVE_NODES", "bind=relative:0"),
            ("MPOL_F_NUMA_BALANCING", "bind=balancing:0"),
        ])
    func flagIsSet(flag: String, seen: String) throws {
        let seenHere = try policy(["mode": "MPOL_BIND", "nodes": "0", "flags": [.string(flag)]])
        // numa_maps names this flag since kernel 6.14 only.
        #expect(seenHere == seen || flag == "MPOL_F_NUMA_BALANCING" && seenHere == "bind:0")
    }

    @Test func processThatExecAddsHasItToo() throws {
        let container = try Bundle {
            $0.runs("exec sleep 60")
            $0.linux.memoryPolicy = ["mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]]
        }.start()
        #expect(try container.output(ofScript: "exec cat /proc/self/numa_maps").policies.first == "interleave=static:0")
    }

    // Docker's default filter forbids set_mempolicy(2) without CAP_SYS_NICE.
    @Test func filterDoesNotStandInItsWay() throws {
        let seen = try output(of: "cat", "/proc/self/numa_maps") {
            $0.linux.memoryPolicy = ["mode": "MPOL_BIND", "nodes": "0"]
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": ["set_mempolicy"], "action": "SCMP_ACT_KILL_PROCESS"]],
            ]
        }
        #expect(seen.policies.first == "bind:0")
    }

    // set_mempolicy(2) reads one bit less than it's told. Without any node this mode would mean the local node, and be taken.
    @Test(arguments: ["63", "127"]) func lastNodeOfAWordIsNotLost(node: String) throws {
        let message = try refusal { $0.linux.memoryPolicy = ["mode": "MPOL_PREFERRED", "nodes": .string(node)] }
        #expect(message.says("/linux/memoryPolicy: the memory policy can't be set: invalid argument"))
    }

    @Test(arguments: ["1023", "5000", "65535"]) func nodeThatIsNotThereIsExplained(node: String) throws {
        let message = try refusal { $0.linux.memoryPolicy = ["mode": "MPOL_BIND", "nodes": .string(node)] }
        #expect(message.says("/linux/memoryPolicy: the memory policy can't be set: invalid argument"))
        #expect(message.says("are the nodes online (/sys/devices/system/node/has_memory)"))
    }
}

extension String {
    /// The policy of each mapping in numa_maps: the text between the address and the mapping's properties.
    fileprivate var policies: [String] {
        lines.map { line in
            line.words.dropFirst().prefix { !$0.contains("=") || $0.contains(":") }.joined(separator: " ")
        }
    }
}
