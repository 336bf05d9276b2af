import CHarness
import Testing

@Suite("scheduling and personality", .needsRoot, .sandboxed)
struct SchedulingTests {
    /// One line of the probe's report from a container with this config.
    private func attribute(_ name: String, _ configure: (inout JSON) -> Void) throws -> String? {
        try output(of: "probe", "attributes", configure: configure).lines.first { $0.hasPrefix(name + "=") }
    }

    // sched(7): OTHER 0, FIFO 1, RR 2, BATCH 3, IDLE 5.
    @Test(arguments: [("SCHED_OTHER", "policy=0"), ("SCHED_BATCH", "policy=3"), ("SCHED_IDLE", "policy=5")])
    func policyIsSet(policy: String, seen: String) throws {
        #expect(try attribute("policy") { $0.process.scheduler = ["policy": .string(policy)] } == seen)
    }

    // sched_getscheduler(2): SCHED_RESET_ON_FORK, 0x40000000, beside the policy.
    @Test func flagsAreSet() throws {
        let seen = try attribute("policy") {
            $0.process.scheduler = ["policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"]]
        }
        #expect(seen == "policy=\(0x4000_0003)")
    }

    @Test(
        .enabled(if: !exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us"), "the kernel gives new cgroups no realtime"),
        arguments: [("SCHED_FIFO", "policy=1"), ("SCHED_RR", "policy=2")])
    func realtimePolicyIsSet(policy: String, seen: String) throws {
        #expect(try attribute("policy") { $0.process.scheduler = ["policy": .string(policy), "priority": 10] } == seen)
    }

    @Test(arguments: [-5, 0, 7, 19]) func niceIsSet(nice: Int) throws {
        #expect(
            try attribute("nice") { $0.process.scheduler = ["policy": "SCHED_OTHER", "nice": .number(nice)] } == "nice=\(nice)")
    }

    @Test(
        arguments: [
            ("/process/scheduler/policy", ["policy": "SCHED_SAUSAGE"]), ("/process/scheduler", ["nice": 1]),
            ("/process/scheduler", ["policy": "SCHED_FIFO"]), ("/process/scheduler", ["policy": "SCHED_OTHER", "priority": 5]),
            ("/process/scheduler/nice", ["policy": "SCHED_OTHER", "nice": 20]),
            ("/process/scheduler/flags/0", ["policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_FASTER"]]),
        ] as [(String, JSON)])
    func wrongSchedulerIsRefused(pointer: String, scheduler: JSON) throws {
        #expect(try refusal { $0.process.scheduler = scheduler }.points(to: pointer))
    }

    // ioprio_set(2): the bits from 13 on are the class, the bits below are the priority.
    @Test(arguments: [
        ("IOPRIO_CLASS_RT", 0, 1 << 13), ("IOPRIO_CLASS_BE", 6, 2 << 13 | 6), ("IOPRIO_CLASS_IDLE", 7, 3 << 13 | 7),
    ])
    func ioPriorityIsSet(name: String, priority: Int, value: Int) throws {
        let seen = try attribute("ioprio") { $0.process.ioPriority = ["class": .string(name), "priority": .number(priority)] }
        #expect(seen == "ioprio=\(value)")
    }

    // The idle class has no priorities (ioprio_set(2)).
    @Test func ioPriorityOfIdleTimeNeedsNoNumber() throws {
        #expect(try attribute("ioprio") { $0.process.ioPriority = ["class": "IOPRIO_CLASS_IDLE"] } == "ioprio=\(3 << 13)")
    }

    @Test(
        arguments: [
            ("/process/ioPriority/class", ["class": "IOPRIO_CLASS_NONE_SUCH", "priority": 1]),
            ("/process/ioPriority/priority", ["class": "IOPRIO_CLASS_BE", "priority": 8]),
            ("/process/ioPriority/priority", ["class": "IOPRIO_CLASS_BE", "priority": -1]),
        ] as [(String, JSON)])
    func wrongIOPriorityIsRefused(pointer: String, ioPriority: JSON) throws {
        #expect(try refusal { $0.process.ioPriority = ioPriority }.points(to: pointer))
    }

    @Test func personalityShowsAnotherMachine() throws {
        let disguise = Processor.disguise
        #expect(
            try output(of: "uname", "-m") { $0.linux.personality = ["domain": .string(disguise.domain)] } == disguise.machine
                + "\n")
        #expect(try output(of: "uname", "-m") { $0.linux.personality = ["domain": "LINUX"] } == output(of: "uname", "-m"))
    }

    @Test(
        arguments: [
            ("/linux/personality/domain", ["domain": "BSD"]), ("/linux/personality/flags", ["domain": "LINUX", "flags": ["X"]]),
        ] as [(String, JSON)])
    func wrongPersonalityIsRefused(pointer: String, personality: JSON) throws {
        #expect(try refusal { $0.linux.personality = personality }.points(to: pointer))
    }

    // execCPUAffinity is for the processes that exec adds.
    @Test func affinityOfExecDoesNotBindTheFirstProcess() throws {
        let seen = try attribute("cpus") { $0.process.execCPUAffinity = ["initial": "0", "final": "0"] }
        #expect(seen?.words.first == seen?.words.last.map { "cpus=\($0)" })
    }
}
