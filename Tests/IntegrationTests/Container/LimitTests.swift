import CHarness
import Testing

@Suite("rlimits and the OOM score", .needsRoot, .sandboxed)
struct LimitTests {
    /// The specification's names, the kernel's numbers, and the titles in /proc/self/limits.
    static let types: [(name: String, number: Int32, title: String)] = [
        ("RLIMIT_CPU", 0, "Max cpu time"), ("RLIMIT_FSIZE", 1, "Max file size"), ("RLIMIT_DATA", 2, "Max data size"),
        ("RLIMIT_STACK", 3, "Max stack size"), ("RLIMIT_CORE", 4, "Max core file size"), ("RLIMIT_RSS", 5, "Max resident set"),
        ("RLIMIT_NPROC", 6, "Max processes"), ("RLIMIT_NOFILE", 7, "Max open files"), ("RLIMIT_MEMLOCK", 8, "Max locked memory"),
        ("RLIMIT_AS", 9, "Max address space"), ("RLIMIT_LOCKS", 10, "Max file locks"),
        ("RLIMIT_SIGPENDING", 11, "Max pending signals"),
        ("RLIMIT_MSGQUEUE", 12, "Max msgqueue size"), ("RLIMIT_NICE", 13, "Max nice priority"),
        ("RLIMIT_RTPRIO", 14, "Max realtime priority"), ("RLIMIT_RTTIME", 15, "Max realtime timeout"),
    ]

    @Test(arguments: types.indices) func eachLimitIsSet(index: Int) throws {
        let type = Self.types[index]
        var present = rlimit()
        #expect(h_limit(type.number, &present) == 0)
        // On some machines root can't raise a hard limit. 1 GiB is more than the process needs of any resource.
        let hard = min(present.rlim_max, 1 << 30)
        let soft = hard / 2
        let seen = try output(of: "cat", "/proc/self/limits") {
            $0.process.rlimits = [["type": .string(type.name), "soft": .number(Int(soft)), "hard": .number(Int(hard))]]
        }
        let line = try #require(seen.lines.first { $0.hasPrefix(type.title + " ") })
        #expect(line.dropFirst(type.title.count).description.words.prefix(2) == ["\(soft)", "\(hard)"])
    }

    @Test func unlimitedIsTheHighestNumber() throws {
        let seen = try output(of: "cat", "/proc/self/limits") {
            $0.process.rlimits = [
                ["type": "RLIMIT_CPU", "soft": .raw("18446744073709551615"), "hard": .raw("18446744073709551615")]
            ]
        }
        #expect(
            try #require(seen.lines.first { $0.hasPrefix("Max cpu time") }).words.dropFirst(3).prefix(2) == [
                "unlimited", "unlimited",
            ])
    }

    @Test func limitsTooSmallForTheRuntimeItselfAreThoseOfTheProcess() throws {
        let seen = try output(of: "cat", "/proc/self/limits") {
            $0.process.rlimits = [
                ["type": "RLIMIT_NOFILE", "soft": 10, "hard": 10],
                ["type": "RLIMIT_NPROC", "soft": 1, "hard": 1],
            ]
        }
        #expect(seen.lines.contains { $0.hasPrefix("Max open files") && $0.words.dropFirst(3).prefix(2) == ["10", "10"] })
    }

    // These limits leave no descriptor for the runtime's own code.
    @Test(arguments: [(0, 0), (0, 10), (3, 1000)]) func soFewOpenFilesAreThoseOfTheProcess(soft: Int, hard: Int) throws {
        let limits: JSON = [["type": "RLIMIT_NOFILE", "soft": .number(soft), "hard": .number(hard)]]
        #expect(try output(ofScript: "ulimit -n; ulimit -Hn") { $0.process.rlimits = limits } == "\(soft)\n\(hard)\n")
        var process = JSON.process("ulimit -n; ulimit -Hn")
        process.rlimits = limits
        #expect(try resting().exec(process: process).output == "\(soft)\n\(hard)\n")
    }

    @Test func unknownLimitIsRefused() throws {
        let message = try refusal { $0.process.rlimits = [["type": "RLIMIT_TEST", "soft": 1, "hard": 1]] }
        #expect(message.points(to: "/process/rlimits/0/type"))
        #expect(message.says("RLIMIT_TEST"))
    }

    @Test func limitThatIsGivenTwiceIsRefused() throws {
        let message = try refusal {
            $0.process.rlimits = [
                ["type": "RLIMIT_NOFILE", "soft": 10, "hard": 10], ["type": "RLIMIT_CORE", "soft": 0, "hard": 0],
                ["type": "RLIMIT_NOFILE", "soft": 20, "hard": 20],
            ]
        }
        #expect(message.points(to: "/process/rlimits/2"))
    }

    @Test func softLimitAboveTheHardOneIsRefused() throws {
        let message = try refusal { $0.process.rlimits = [["type": "RLIMIT_NOFILE", "soft": 20, "hard": 10]] }
        #expect(message.points(to: "/process/rlimits/0"))
    }

    @Test(arguments: [0, 1, 500, 1000]) func oomScoreIsSet(score: Int) throws {
        #expect(try output(of: "cat", "/proc/self/oom_score_adj") { $0.process.oomScoreAdj = .number(score) } == "\(score)\n")
    }

    @Test func oomScoreIsTheCallersUnlessSet() throws {
        let bundle = try Bundle { $0.runs(arguments: ["cat", "/proc/self/oom_score_adj"]) }
        let finished = try bundle.run { $0.wrap(in: "echo 321 >/proc/self/oom_score_adj") }
        #expect(finished.output == "321\n", "\(finished)")
    }

    @Test(arguments: [-1001, 1001]) func oomScoreOutOfRangeIsRefused(score: Int) throws {
        #expect(try refusal { $0.process.oomScoreAdj = .number(score) }.points(to: "/process/oomScoreAdj"))
    }

    @Test(.enabled(if: Host.has(capability: 24), "needs CAP_SYS_RESOURCE"))
    func oomScoreMayBeNegative() throws {
        #expect(try output(of: "cat", "/proc/self/oom_score_adj") { $0.process.oomScoreAdj = -500 } == "-500\n")
    }
}
