import Bytes
import CSeccomp
import Errors
import Linux
import Testing

@testable import OCI
@testable import Seccomp

@Suite struct FlagTests {
    private func flags(_ flags: [Seccomp.Flag]?, notify: Bool = false) throws -> UInt32 {
        var profile = Seccomp(.allow)
        if notify { profile.rules = [Seccomp.Rule(.notify, "umask")] }
        profile.flags = flags
        let program = try SeccompFilter.program(for: profile)
        #expect(program.needsListener == notify)
        return program.flags.rawValue
    }

    // The bits are: SECCOMP_FILTER_FLAG_LOG 2, SPEC_ALLOW 4, NEW_LISTENER 8, WAIT_KILLABLE_RECV 32.

    @Test func takesSpecAllowWhereTheProfileHasNoList() throws {
        #expect(try flags(nil) == 4)
        #expect(try flags(nil, notify: true) == 12)
    }

    @Test func takesNoneFromAnEmptyList() throws {
        #expect(try flags([]) == 0)
        #expect(try flags([], notify: true) == 8)
    }

    @Test func takesWhatTheProfileLists() throws {
        #expect(try flags([.log]) == 2)
        #expect(try flags([.specAllow]) == 4)
        #expect(try flags([.log, .specAllow]) == 6)
    }

    @Test func dropsWhatMeansNothingForOneThreadOrWithoutAListener() throws {
        #expect(try flags([.tsync]) == 0)
        #expect(try flags([.waitKillableReceive]) == 0)
        #expect(try flags(Seccomp.Flag.allCases, notify: true) == 46)
    }

    @Test func asksTheKernelWhatItKnows() {
        #expect(SystemCallFilter.knows(.log))
        #expect(!SystemCallFilter.knows(SystemCallFilter.Flags(rawValue: 1 << 30)))
    }
}

@Suite struct FeatureTests {
    private func texts(_ names: [ByteString]) -> Set<String> { Set(names.map(\.displayText)) }

    @Test func namesTheArchitecturesThatLibseccompKnows() {
        let known = texts(SeccompFeatures.architectures)
        #expect(
            known.isSuperset(of: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_S390X"]))
        #expect(known.contains("SCMP_ARCH_LOONGARCH64") == (seccomp_arch_resolve_name("loongarch64") != 0))
    }

    @Test func supportsNoFlagThatItDoesNotKnow() {
        #expect(texts(SeccompFeatures.supportedFlags).isSubset(of: texts(SeccompFeatures.knownFlags)))
        #expect(
            texts(SeccompFeatures.supportedFlags).isSuperset(of: ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]))
    }
}
