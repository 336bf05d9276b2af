import Bytes
import CSeccomp
import Testing

@testable import OCI
@testable import Seccomp

/// Filters must answer as their profiles say. A simulated machine runs each filter over calls of three architectures, and the
/// answers are compared with a reading of the profile that uses neither libseccomp's filters nor BPF.
@Suite struct AgreementTests {
    @Test(arguments: ["docker-run-rm.config.json", "podman-run-rm.config.json"])
    func answersAsTheEnginesProfileReads(sample: String) throws {
        let profile = try Seccomp(sample: sample)
        let reading = ProfileReading(profile)
        let machine = BPFMachine(try SeccompCompiler.compile(profile).instructions)
        // The values that the profiles compare with (personality's values, clone's mask), and others around them.
        let values: [UInt64] = [0, 1, 8, 9, 0x20000, 0x20008, 0x7E02_0000, 0x0100_0011, 0xFFFF_FFFF, 0x1_0000_0000, .max]
        for number in (0..<600) as Range<UInt32> {
            for architecture in [c_scmp_arch_x86_64, c_scmp_arch_x86] {
                for bit in architecture == c_scmp_arch_x86_64 ? [0, ProfileReading.x32Bit] : [0] {
                    for value in values {
                        let call = ObservedCall(
                            architecture: architecture, number: number | bit, arguments: [value, 1, 2, 3, 4, 5])
                        #expect(try machine.answer(to: call) == reading.answer(to: call), "\(call)")
                    }
                }
            }
        }
    }

    @Test(arguments: ["docker-run-rm.config.json", "podman-run-rm.config.json", "buildah-run.config.json"])
    func answersAsLibseccompsFilterDoes(sample: String) throws {
        let profile = try Seccomp(sample: sample)
        let ours = BPFMachine(try SeccompCompiler.compile(profile).instructions)
        let theirs = BPFMachine(try LibraryFilter.instructions(for: profile))
        var calls = 0
        for architecture in [c_scmp_arch_x86_64, c_scmp_arch_x86, c_scmp_arch_arm] {
            for number in (0..<500) as Range<UInt32> {
                for bit in architecture == c_scmp_arch_x86_64 ? [0, ProfileReading.x32Bit] : [0] {
                    for value in [0, 8, 0x20000, 0x7E02_0000, 0xFFFF_FFFF] as [UInt64] {
                        let call = ObservedCall(
                            architecture: architecture, number: number | bit, arguments: [value, 1, 2, 3, 4, 5])
                        let answer = try ours.answer(to: call)
                        // wherry answers a call that is newer than the profile with ENOSYS, but libseccomp doesn't.
                        guard answer != 0x0005_0026 || profile.defaultErrnoRet == 38 else { continue }
                        calls += 1
                        #expect(try theirs.answer(to: call) == answer, "\(call)")
                    }
                }
            }
        }
        #expect(calls > 7000)
        #expect(ours.length < theirs.length)
    }

    @Test(arguments: 0..<150 as Range<UInt64>)
    func answersAsRandomProfilesRead(seed: UInt64) throws {
        var random = Random(seed: seed)
        let profile = RandomProfile.make(&random)
        let reading = ProfileReading(profile)
        let machine = BPFMachine(try SeccompCompiler.compile(profile).instructions)
        for _ in 0..<400 {
            let call = RandomProfile.call(for: profile, &random)
            #expect(try machine.answer(to: call) == reading.answer(to: call), "seed \(seed): \(call) in \(profile)")
        }
    }

    @Test func killsWhatComesFromAnArchitectureThatIsNotListed() throws {
        let machine = BPFMachine(try SeccompCompiler.compile(Seccomp(.allow, Seccomp.Rule(.errno, "chmod"))).instructions)
        for (architecture, number) in [(c_scmp_arch_x86, 3), (c_scmp_arch_x86_64, ProfileReading.x32Bit), (c_scmp_arch_arm, 3)] {
            #expect(try machine.answer(to: ObservedCall(architecture: architecture, number: number)) == 0)
        }
    }

    @Test func comesToAnEndWhereLibseccompDoesNot() throws {
        // libseccomp 2.5.4 never returns from adding the second rule.
        let profile = Seccomp(
            .errno,
            Seccomp.Rule(.allow, "read", where: [.init(0, .lessThan, 0x2_0000_0003), .init(1, .greaterThan, 0x1_0000_0000)]),
            Seccomp.Rule(.allow, "read", where: [.init(0, .lessThan, 0x2_0000_0003), .init(1, .lessOrEqual, 8)]))
        let machine = BPFMachine(try SeccompCompiler.compile(profile).instructions)
        let expected: [([UInt64], Bool)] = [
            ([3, 8], true), ([3, 9], false), ([3, 0x1_0000_0001], true), ([0x2_0000_0003, 8], false),
        ]
        for (arguments, allowed) in expected {
            let call = ObservedCall(
                architecture: Native.architecture, number: Native.number("read"), arguments: arguments + [0, 0, 0, 0])
            #expect(try machine.answer(to: call) == (allowed ? 0x7FFF_0000 : 0x0005_0001), "\(arguments)")
        }
    }

    @Test func judgesTheSharedCallOf32BitSocketsByWhatItStandsFor() throws {
        let profile = Seccomp(
            .errno, architectures: ["SCMP_ARCH_X86"], Seccomp.Rule(.allow, "socket", "semget"), Seccomp.Rule(.killProcess, "bind")
        )
        let machine = BPFMachine(try SeccompCompiler.compile(profile).instructions)
        // socketcall(2) is 102 and takes SYS_SOCKET (1), SYS_BIND (2), SYS_CONNECT (3); ipc(2) is 117 and takes SEMGET (2), SEMOP (1).
        let expected: [(UInt32, UInt64, UInt32)] = [
            (102, 1, 0x7FFF_0000), (102, 2, 0x8000_0000), (102, 3, 0x0005_0001), (117, 2, 0x7FFF_0000), (117, 1, 0x0005_0001),
        ]
        for (number, argument, answer) in expected {
            let call = ObservedCall(architecture: c_scmp_arch_x86, number: number, arguments: [argument, 0, 0, 0, 0, 0])
            #expect(try machine.answer(to: call) == answer, "\(call)")
        }
    }

    @Test func restrictsSharedCallsWhoseArgumentsItCannotSee() throws {
        let family = Seccomp.Argument(0, .equal, 16)
        let allowing = Seccomp(.errno, architectures: ["SCMP_ARCH_X86"], Seccomp.Rule(.allow, "socket", where: [family]))
        let refusing = Seccomp(.allow, architectures: ["SCMP_ARCH_X86"], Seccomp.Rule(.errno, "socket", where: [family]))
        for profile in [allowing, refusing] {
            let machine = BPFMachine(try SeccompCompiler.compile(profile).instructions)
            // Through socketcall(2), where the family is in memory and can't be seen, and directly by number 359.
            let shared = ObservedCall(architecture: c_scmp_arch_x86, number: 102, arguments: [1, 16, 16, 0, 0, 0])
            #expect(try machine.answer(to: shared) == 0x0005_0001)
            for (value, met) in [(16 as UInt64, true), (17, false)] {
                let direct = ObservedCall(architecture: c_scmp_arch_x86, number: 359, arguments: [value, 0, 0, 0, 0, 0])
                #expect(try machine.answer(to: direct) == (met == (profile.defaultAction == .errno) ? 0x7FFF_0000 : 0x0005_0001))
            }
        }
    }

    @Test func isNotFooledByTheVersionInIpcsFirstArgument() throws {
        let profile = Seccomp(.allow, architectures: ["SCMP_ARCH_X86"], Seccomp.Rule(.errno, "shmat"))
        let machine = BPFMachine(try SeccompCompiler.compile(profile).instructions)
        for argument in [21, 0x1_0015] as [UInt64] {
            let call = ObservedCall(architecture: c_scmp_arch_x86, number: 117, arguments: [argument, 0, 0, 0, 0, 0])
            #expect(try machine.answer(to: call) == 0x0005_0001, "\(argument)")
        }
    }
}
