import Bytes
import Errors
import Testing

@testable import OCI

@Suite struct ProcessTests {
    private func process(_ members: String) throws -> OCI.Process {
        try #require(try Config(parsing: configWithProcess(members)).process)
    }

    @Test func leavesOutWhatTheDocumentLeavesOut() throws {
        let process = try process("")
        #expect(!process.terminal && !process.noNewPrivileges)
        #expect(process.cwd == "/" && process.args == ["sh"] && process.env == [])
        #expect(process.user.uid == 0 && process.user.gid == 0 && process.user.umask == nil && process.user.additionalGids == [])
        #expect(process.capabilities == nil && process.rlimits.isEmpty && process.oomScoreAdj == nil)
        #expect(process.apparmorProfile == nil && process.selinuxLabel == nil)
        #expect(process.scheduler == nil && process.ioPriority == nil && process.execCPUAffinity == nil)
    }

    @Test func decodesAllProperties() throws {
        let process = try process(
            #"""
            "terminal": true, "consoleSize": {"height": 25, "width": 80}, "env": ["A=1", "B=", "C==\n"],
            "user": {"uid": 1, "gid": 2, "umask": 63, "additionalGids": [5, 4294967294]},
            "capabilities": {"bounding": ["CAP_A"], "effective": ["CAP_B"], "inheritable": ["CAP_C"], "permitted": ["CAP_D"],
            "ambient": ["cap_nonsense"]}, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 18446744073709551615}],
            "noNewPrivileges": true, "apparmorProfile": "p", "selinuxLabel": "l", "oomScoreAdj": -1000,
            "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 7}, "execCPUAffinity": {"initial": "7", "final": "0-3,7"}
            """#)
        #expect(process.terminal && process.noNewPrivileges)
        #expect(process.consoleSize?.height == 25)
        #expect(process.consoleSize?.width == 80)
        #expect(process.env == ["A=1", "B=", "C==\n"])
        #expect(process.user.uid == 1 && process.user.gid == 2 && process.user.umask == 0o77)
        #expect(process.user.additionalGids == [5, 4_294_967_294])
        let capabilities = try #require(process.capabilities)
        #expect(capabilities.bounding == ["CAP_A"] && capabilities.effective == ["CAP_B"])
        #expect(capabilities.inheritable == ["CAP_C"] && capabilities.permitted == ["CAP_D"])
        #expect(capabilities.ambient == ["cap_nonsense"])
        let limit = try #require(process.rlimits.first)
        #expect(limit.resource == .nofile && limit.soft == 1 && limit.hard == UInt64.max)
        #expect(process.apparmorProfile == "p" && process.selinuxLabel == "l" && process.oomScoreAdj == -1000)
        #expect(process.ioPriority?.class == .idle)
        #expect(process.ioPriority?.priority == 7)
        #expect(process.execCPUAffinity?.initial?.text == "7")
        #expect(process.execCPUAffinity?.final?.text == "0-3,7")
    }

    @Test(arguments: ResourceLimit.Resource.allCases) func knowsEveryResource(_ resource: ResourceLimit.Resource) throws {
        let name = try #require(Names.resource.entries.first { $0.1 == resource }?.0)
        let limits = try process(#""rlimits": [{"type": "\#(name.description)", "soft": 0, "hard": 0}]"#).rlimits
        #expect(limits.map(\.resource) == [resource])
    }

    @Test func ignoresTheConsoleSizeWithoutATerminal() throws {
        #expect(try process(#""consoleSize": {"height": "nonsense"}"#).consoleSize == nil)
    }

    @Test func decodesTheDeadlinePolicy() throws {
        let scheduler = try #require(
            try process(
                #""scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1024, "deadline": 2048, "period": 4096, "flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_DL_OVERRUN"]}"#
            ).scheduler)
        #expect(scheduler.policy == .deadline && scheduler.flags == 5)
        #expect(scheduler.runtime == 1024 && scheduler.deadline == 2048 && scheduler.period == 4096)
    }

    @Test(arguments: [
        ("SCHED_OTHER", Scheduler.Policy.other, 0), ("SCHED_FIFO", .fifo, 1), ("SCHED_RR", .roundRobin, 99),
        ("SCHED_BATCH", .batch, 0),
        ("SCHED_ISO", .iso, 0), ("SCHED_IDLE", .idle, 0),
    ])
    func decodesTheOtherPolicies(_ name: String, _ policy: Scheduler.Policy, _ priority: Int32) throws {
        let scheduler = try process(#""scheduler": {"policy": "\#(name)", "nice": -20, "priority": \#(priority)}"#).scheduler
        #expect(scheduler?.policy == policy)
        #expect(scheduler?.priority == priority)
        #expect(scheduler?.nice == -20)
    }

    @Test(arguments: [
        (#""terminal": "yes""#, "/terminal: expected true or false, found a string"),
        (#""terminal": true, "consoleSize": {"height": 1}"#, "/consoleSize/width: required property is missing"),
        (
            #""terminal": true, "consoleSize": {"height": 65536, "width": 1}"#,
            "/consoleSize/height: expected an integer from 0 to 65535, found the number 65536"
        ),
        (#""env": "SECRET=1""#, "/env: expected an array, found a string"),
        (#""env": ["A=1", "SECRET"]"#, "/env/1: an environment entry must be NAME=VALUE, this one has no \"=\""),
        (#""env": ["=SECRET"]"#, "/env/0: the name of an environment variable must not be empty"),
        (#""env": [["SECRET"]]"#, "/env/0: expected a string, found an array"),
        (#""user": {"gid": 0}"#, "/user/uid: required property is missing"),
        (#""user": {"uid": 0}"#, "/user/gid: required property is missing"),
        (#""user": {"uid": -1, "gid": 0}"#, "/user/uid: expected an integer from 0 to 4294967294, found the number -1"),
        (
            #""user": {"uid": 0, "gid": 4294967295}"#,
            "/user/gid: expected an integer from 0 to 4294967294, found the number 4294967295"
        ),
        (#""user": {"uid": 0, "gid": 0, "umask": 512}"#, "/user/umask: expected an integer from 0 to 511, found the number 512"),
        (
            #""user": {"uid": 0, "gid": 0, "additionalGids": [1, 1e3]}"#,
            "/user/additionalGids/1: expected an integer from 0 to 4294967294, found the number 1e3"
        ),
        (#""user": {"uid": 1.0, "gid": 0}"#, "/user/uid: expected an integer from 0 to 4294967294, found the number 1.0"),
        (#""user": {"uid": "0", "gid": 0}"#, "/user/uid: expected an integer, found a string"),
        (
            #""rlimits": [{"type": "RLIMIT_TEST", "soft": 1, "hard": 1}]"#,
            "/rlimits/0/type: \"RLIMIT_TEST\" is no resource limit; known are RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_RSS, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME"
        ),
        (#""rlimits": [{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}]"#, "/rlimits/0: the soft limit 2 is above the hard limit 1"),
        (#""rlimits": [{"type": "RLIMIT_CPU", "hard": 1}]"#, "/rlimits/0/soft: required property is missing"),
        (#""rlimits": [{"type": "RLIMIT_CPU", "soft": 1}]"#, "/rlimits/0/hard: required property is missing"),
        (
            #""rlimits": [{"type": "RLIMIT_CPU", "soft": 0, "hard": 1}, {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}]"#,
            "/rlimits/1: a limit for the same resource stands before it"
        ),
        (#""oomScoreAdj": 1001"#, "/oomScoreAdj: expected an integer from -1000 to 1000, found the number 1001"),
        (#""capabilities": {"bounding": "CAP_CHOWN"}"#, "/capabilities/bounding: expected an array, found a string"),
        (#""capabilities": ["CAP_CHOWN"]"#, "/capabilities: expected an object, found an array"),
        (
            #""ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}"#,
            "/ioPriority/priority: expected an integer from 0 to 7, found the number 8"
        ),
        (#""ioPriority": {"class": "IOPRIO_CLASS_BE"}"#, "/ioPriority/priority: required property is missing"),
        (#""ioPriority": {"class": "IOPRIO_CLASS_RT"}"#, "/ioPriority/priority: required property is missing"),
        (#""ioPriority": {"priority": 1}"#, "/ioPriority/class: required property is missing"),
        (#""ioPriority": {"class": 1, "priority": 1}"#, "/ioPriority/class: expected a string, found the number 1"),
        (#""execCPUAffinity": {"final": "0-"}"#, "/execCPUAffinity/final: \"0-\" is no list of numbers and ranges such as 0-3,7"),
        (
            #""execCPUAffinity": {"initial": "3-1"}"#,
            "/execCPUAffinity/initial: \"3-1\" is no list of numbers and ranges such as 0-3,7"
        ),
        (#""scheduler": {"nice": 1}"#, "/scheduler/policy: required property is missing"),
        (
            #""scheduler": {"policy": "SCHED_OTHER", "nice": 20}"#,
            "/scheduler/nice: expected an integer from -20 to 19, found the number 20"
        ),
        (
            #""scheduler": {"policy": "SCHED_RR", "priority": 100}"#,
            "/scheduler/priority: expected an integer from 0 to 99, found the number 100"
        ),
        (#""scheduler": {"policy": "SCHED_FIFO"}"#, "/scheduler/priority: a real-time policy needs a priority from 1 to 99"),
        (
            #""scheduler": {"policy": "SCHED_OTHER", "priority": 1}"#,
            "/scheduler/priority: only SCHED_FIFO and SCHED_RR have a priority"
        ),
        (
            #""scheduler": {"policy": "SCHED_OTHER", "period": 1}"#,
            "/scheduler: only SCHED_DEADLINE has runtime, deadline and period"
        ),
        (
            #""scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1023, "deadline": 2000}"#,
            "/scheduler: SCHED_DEADLINE needs 1024 ≤ runtime ≤ deadline ≤ period, all in nanoseconds"
        ),
        (
            #""scheduler": {"policy": "SCHED_DEADLINE", "runtime": 2000, "deadline": 3000, "period": 2999}"#,
            "/scheduler: SCHED_DEADLINE needs 1024 ≤ runtime ≤ deadline ≤ period, all in nanoseconds"
        ),
    ])
    func refuses(_ members: String, _ message: String) {
        #expect(verdict(configWithProcess(members)) == says("/process" + message))
    }

    @Test(arguments: [
        (
            #""ioPriority": {"class": "IOPRIO_CLASS_BEE", "priority": 1}"#,
            "/ioPriority/class: \"IOPRIO_CLASS_BEE\" is no I/O scheduling class; known are IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE",
            "IOPRIO_CLASS_BE"
        ),
        (
            #""scheduler": {"policy": "SCHED_RRR"}"#,
            "/scheduler/policy: \"SCHED_RRR\" is no scheduling policy; known are SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE",
            "SCHED_RR"
        ),
        (
            #""scheduler": {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_RECLAMI"]}"#,
            "/scheduler/flags/0: \"SCHED_FLAG_RECLAMI\" is no scheduling flag; known are SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX",
            "SCHED_FLAG_RECLAIM"
        ),
    ])
    func proposesTheNearestName(_ members: String, _ message: String, _ nearest: String) {
        #expect(verdict(configWithProcess(members)) == says("/process" + message, "did you mean \"\(nearest)\"?"))
    }

    @Test(arguments: [
        (#"{"args": ["sh"]}"#, "/cwd: required property is missing"),
        (#"{"cwd": "", "args": ["sh"]}"#, "/cwd: must not be empty"),
        (#"{"cwd": "tmp", "args": ["sh"]}"#, "/cwd: \"tmp\" must be an absolute path"),
        (#"{"cwd": "/"}"#, "/args: required property is missing"),
        (#"{"cwd": "/", "args": null}"#, "/args: required property is missing"),
        (#"{"cwd": "/", "args": []}"#, "/args: must have at least one entry, the program to run"),
        (#"{"cwd": "/", "args": [""]}"#, "/args/0: must not be empty"),
        (#"{"cwd": "/", "args": "sh"}"#, "/args: expected an array, found a string"),
        (#"{"cwd": "/", "args": ["sh", 1]}"#, "/args/1: expected a string, found the number 1"),
    ])
    func refusesAProcessThatCanNotRun(_ process: String, _ message: String) {
        #expect(verdict(config(#""process": \#(process)"#)) == says("/process" + message))
        #expect(throws: RuntimeError.self) { try OCI.Process.parse(Array(process.utf8)) }
    }

    @Test func takesAnEmptyArgumentBehindTheFirst() throws {
        #expect(try OCI.Process.parse(Array(#"{"cwd": "/", "args": ["sh", ""]}"#.utf8)).process.args == ["sh", ""])
    }

    @Test func pointsIntoTheFileThatExecIsGiven() throws {
        let text =
            #"{"cwd": "/", "args": ["sh"], "rlimits": [{"type": "RLIMIT_CPU", "soft": 1, "hard": 1}, {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}]}"#
        #expect { try OCI.Process.parse(Array(text.utf8)) } throws: { ($0 as? RuntimeError)?.pointer == "/rlimits/1" }
        #expect { try OCI.Process.parse([]) } throws: {
            ($0 as? RuntimeError)?.message == "not valid JSON: the document is empty"
        }
    }
}
