import Bytes
import CSeccomp
import Errors
import Testing

@testable import OCI
@testable import Seccomp

@Suite struct CompilerTests {
    private let read = Native.number("read")

    private func answer(
        _ profile: Seccomp, _ number: UInt32, _ arguments: [UInt64] = [0, 0, 0, 0, 0, 0],
        architecture: UInt32 = Native.architecture
    ) throws -> UInt32 {
        let call = ObservedCall(architecture: architecture, number: number, arguments: arguments)
        return try BPFMachine(try SeccompCompiler.compile(profile).instructions).answer(to: call)
    }

    @Test func givesEachActionItsNumber() {
        let expected: [(Seccomp.Action, UInt32?, UInt32)] = [
            (.kill, nil, 0), (.killThread, nil, 0), (.killProcess, nil, 0x8000_0000), (.trap, nil, 0x0003_0000),
            (.errno, nil, 0x0005_0001), (.errno, 0, 0x0005_0000), (.errno, 4095, 0x0005_0FFF), (.trace, nil, 0x7FF0_0001),
            (.trace, 0xFFFF, 0x7FF0_FFFF), (.allow, nil, 0x7FFF_0000), (.log, nil, 0x7FFC_0000), (.notify, nil, 0x7FC0_0000),
        ]
        for (action, errno, value) in expected { #expect(FilterAction(action, errnoRet: errno).value == value) }
    }

    @Test func leavesOutWhatItDoesNotKnowAndSaysSo() throws {
        let profile = Seccomp(
            .errno, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_S390X", "SCMP_ARCH_LOONGARCH64"],
            Seccomp.Rule(.allow, "read", "no_such_call"))
        let output = try SeccompCompiler.compile(profile)
        #expect(
            output.warnings.map(\.displayText) == [
                "/linux/seccomp/architectures/1: no calls of SCMP_ARCH_S390X can occur on this machine; left out of the filter",
                "/linux/seccomp/architectures/2: no calls of SCMP_ARCH_LOONGARCH64 can occur on this machine; left out of the filter",
                "/linux/seccomp/syscalls/0: libseccomp \(SeccompFeatures.libraryVersion) knows no call \"no_such_call\""
                    + "; left out of the filter",
            ])
        #expect(try answer(profile, read) == 0x7FFF_0000)
    }

    @Test func saysNothingOfNamesThatOtherArchitecturesHave() throws {
        #expect(try SeccompCompiler.compile(Seccomp(.errno, Seccomp.Rule(.allow, "chown32", "arm_fadvise64_64"))).warnings == [])
    }

    @Test func takesComparisonsOfOneArgumentForAlternatives() throws {
        let rule = Seccomp.Rule(.allow, "read", where: [.init(0, .equal, 3), .init(0, .equal, 5), .init(1, .equal, 7)])
        for (arguments, allowed) in [([3, 0], true), ([5, 0], true), ([4, 7], true), ([4, 8], false)] as [([UInt64], Bool)] {
            let answer = try answer(Seccomp(.errno, rule), read, arguments + [0, 0, 0, 0])
            #expect(answer == (allowed ? 0x7FFF_0000 : 0x0005_0001), "\(arguments)")
        }
    }

    @Test func takesComparisonsOfSeveralArgumentsTogether() throws {
        let rule = Seccomp.Rule(.allow, "read", where: [.init(0, .equal, 3), .init(1, .equal, 7)])
        for (arguments, allowed) in [([3, 7], true), ([3, 8], false), ([4, 7], false)] as [([UInt64], Bool)] {
            let answer = try answer(Seccomp(.errno, rule), read, arguments + [0, 0, 0, 0])
            #expect(answer == (allowed ? 0x7FFF_0000 : 0x0005_0001), "\(arguments)")
        }
    }

    @Test func setsRulesWithoutComparisonsAboveThoseWithThem() throws {
        let narrow = Seccomp.Rule(.killProcess, "read", where: [.init(0, .equal, 3)])
        let wide = Seccomp.Rule(.allow, "read")
        for profile in [Seccomp(.errno, narrow, wide), Seccomp(.errno, wide, narrow)] {
            #expect(try answer(profile, read, [3, 0, 0, 0, 0, 0]) == 0x7FFF_0000)
        }
    }

    @Test func letsTheFirstRuleThatIsMetDecide() throws {
        let profile = Seccomp(
            .errno, Seccomp.Rule(.log, "read", where: [.init(0, .lessThan, 5)]),
            Seccomp.Rule(.allow, "read", where: [.init(0, .lessThan, 10)]))
        #expect(try answer(profile, read, [4, 0, 0, 0, 0, 0]) == 0x7FFC_0000)
        #expect(try answer(profile, read, [5, 0, 0, 0, 0, 0]) == 0x7FFF_0000)
    }

    @Test func keepsTheDefaultOfProfilesThatAlreadySayThatACallIsUnknown() throws {
        let profile = Seccomp(.errno, errno: 38, Seccomp.Rule(.allow, "read"))
        for number in [read + 1, 600] { #expect(try answer(profile, number) == 0x0005_0026) }
    }

    @Test(arguments: [Seccomp.Action.allow, .log, .trace, .trap, .killProcess, .notify])
    func keepsOtherDefaultsForNewerCalls(action: Seccomp.Action) throws {
        let profile = Seccomp(action, Seccomp.Rule(.errno, errno: 5, "read"))
        #expect(try answer(profile, 600) == FilterAction(action, errnoRet: nil).value)
    }

    @Test func countsNamesOfRulesThatChangeNothingAsKnown() throws {
        // umask has the default action. Calls with lower numbers are known to the profile, and stay forbidden.
        let umask = Native.number("umask")
        let profile = Seccomp(.errno, Seccomp.Rule(.allow, "read"), Seccomp.Rule(.errno, "umask"))
        #expect(try answer(profile, umask - 1) == 0x0005_0001)
        #expect(try answer(profile, umask) == 0x0005_0001)
        #expect(try answer(profile, umask + 1) == 0x0005_0026)
    }

    @Test func tellsX32sNewerCallsFromItsOlderOnes() throws {
        let profile = Seccomp(
            .errno, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"], Seccomp.Rule(.allow, "read", "umask"))
        let bit = ProfileReading.x32Bit
        let expected: [(UInt32, UInt32)] = [
            (bit, 0x7FFF_0000), (bit | 94, 0x0005_0001), (bit | 600, 0x0005_0026), (600, 0x0005_0026),
        ]
        for (number, value) in expected {
            #expect(try answer(profile, number, architecture: c_scmp_arch_x86_64) == value)
        }
    }

    @Test func leavesSkippedCallsToTheDefault() throws {
        for architectures in [[], ["SCMP_ARCH_X32"]] as [[ByteString]] {
            #expect(try answer(Seccomp(.errno, architectures: architectures, Seccomp.Rule(.allow, "read")), .max) == 0x0005_0001)
        }
    }

    @Test func refusesMoreThanTheKernelTakes() throws {
        var profile = Seccomp(.errno)
        profile.rules = (0..<1000 as Range<UInt64>).map { Seccomp.Rule(.allow, "read", where: [.init(0, .equal, $0)]) }
        let error = #expect(throws: RuntimeError.self) { try SeccompCompiler.compile(profile) }
        #expect(error?.pointer == "/linux/seccomp")
        #expect(error?.sentence.contains("the kernel takes 4096") == true)
    }
}
