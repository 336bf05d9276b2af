import Bytes
import Errors
import Foundation
import Linux
import OCI
import Testing

@testable import Lifecycle

@Suite struct FeaturesTests {
    /// A config with one more property. Decoding and validation show whether wherry recognises it.
    private func config(_ extra: String) throws -> Config {
        try Config(parsing: Array(#"{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, \#(extra)}"#.utf8))
    }

    @Test func namesOnlyHooksThatAreTaken() throws {
        for hook in FeatureNames.hooks {
            let config = try config(#""hooks": {"\#(hook.displayText)": [{"path": "/bin/true"}]}"#)
            let hooks = config.hooks
            let count =
                hooks.prestart.count + hooks.createRuntime.count + hooks.createContainer.count + hooks.startContainer.count
                + hooks.poststart.count + hooks.poststop.count
            #expect(count == 1, "\(hook.displayText)")
        }
    }

    @Test func namesOnlyNamespacesThatAreTaken() throws {
        let list = SpecificationNames.namespaces.map { #"{"type": "\#($0.displayText)"}"# }.joined(separator: ",")
        #expect(try config(#""linux": {"namespaces": [\#(list)]}"#).linux.namespaces.count == 8)
    }

    @Test func namesOnlyCapabilitiesThatAreTaken() {
        #expect(FeatureNames.capabilities.count >= 41)
        for (number, name) in FeatureNames.capabilities.enumerated() { #expect(CapabilitySet.number(of: name) == number) }
    }

    @Test func namesEveryMountOptionThatTheSpecificationDemands() {
        let demanded =
            """
            async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec \
            noiversion nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave \
            runbindable rw shared silent slave strictatime suid sync unbindable nosymfollow symfollow ratime rdev rdiratime \
            rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow rrelatime rro rrw \
            rstrictatime rsuid rsymfollow idmap ridmap
            """
        let known = Set(FeatureNames.mountOptions)
        for option in demanded.split(separator: " ") { #expect(known.contains(ByteString(String(option))), "\(option)") }
        #expect(FeatureNames.mountOptions == known.sorted())
    }

    @Test func namesEveryMemoryPolicy() throws {
        let named = try #require(linux()["memoryPolicy"] as? [String: [String]])
        #expect(
            named["modes"] == [
                "MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY",
                "MPOL_WEIGHTED_INTERLEAVE",
            ])
        #expect(named["flags"] == ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"])
    }

    @Test func hasEveryPropertyOfTheSpecification() throws {
        let document = try document()
        #expect(
            Set(document.keys) == [
                "ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations",
                "potentiallyUnsafeConfigAnnotations",
            ])
        let linux = try #require(document["linux"] as? [String: Any])
        #expect(
            Set(linux.keys) == [
                "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "memoryPolicy", "intelRdt",
                "mountExtensions", "netDevices",
            ])
        #expect(Set(try #require(linux["seccomp"] as? [String: Any]).keys).count == 6)
        #expect(linux["mountExtensions"] as? [String: [String: Bool]] == ["idmap": ["enabled": true]])
        #expect(linux["netDevices"] as? [String: Bool] == ["enabled": true])
        #expect(linux["intelRdt"] as? [String: Bool] == ["enabled": true, "schemata": true, "monitoring": true])
        #expect(!String(decoding: json, as: UTF8.self).contains("null"))
        #expect(document["ociVersionMin"] as? String == "1.0.0" && document["ociVersionMax"] as? String == "1.3.0")
        // An engine that lets strangers write annotations needs to know those that change what the runtime does.
        let unsafe = try #require(document["potentiallyUnsafeConfigAnnotations"] as? [String])
        #expect(unsafe.contains("org.systemd.property.") && unsafe.contains("run.oci.delegate-cgroup"))
        #expect((document["annotations"] as? [String: String])?["wherry.commit"] == "c0ffee")
    }

    /// The object `linux` of the features.
    private func linux() throws -> [String: Any] { try #require(document()["linux"] as? [String: Any]) }

    private let json = Data(describeFeatures(version: "0.1.0", commit: "c0ffee"))

    private func document() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    }

    // features-linux.md: they say what the runtime was built with, whatever the host supports.
    @Test func cgroupsAndSecurityModulesDoNotDependOnTheHost() throws {
        let linux = try linux()
        #expect(
            linux["cgroup"] as? [String: Bool] == [
                "v1": true, "v2": true, "systemd": true, "systemdUser": true, "rdma": true,
            ])
        #expect(linux["apparmor"] as? [String: Bool] == ["enabled": true])
        #expect(linux["selinux"] as? [String: Bool] == ["enabled": true])
    }

    @Test func namesTheArchitecturesOfTheSpecification() throws {
        let seccomp = try #require(try linux()["seccomp"] as? [String: Any])
        let named = Set(try #require(seccomp["archs"] as? [String]).map { String($0.dropFirst("SCMP_ARCH_".count)) })
        // Those of libseccomp 2.5, and those that came with 2.6.
        let old = """
            X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC \
            PARISC64 RISCV64
            """
        let new = ["LOONGARCH64", "M68K", "SH", "SHEB"]
        let expected = Set(old.split(separator: " ").map { String($0) })
        #expect(named.subtracting(new) == expected)
    }

    @Test func namesTheFlagsOfSeccomp() throws {
        let seccomp = try #require(try linux()["seccomp"] as? [String: Any])
        let flags = Set(["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"].map { "SECCOMP_FILTER_FLAG_" + $0 })
        #expect(Set(try #require(seccomp["knownFlags"] as? [String])) == flags)
        // The kernel knows the last one since 5.19.
        let missing = flags.subtracting(try #require(seccomp["supportedFlags"] as? [String]))
        #expect(missing.isSubset(of: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]))
    }

    // features.md: a name that ends with a dot stands for all that begin with it.
    @Test(arguments: [
        "org.criu.config", "org.systemd.property.TimeoutStopUSec", "run.oci.delegate-cgroup", "run.oci.hooks.stderr",
        "run.oci.hooks.stdout", "run.oci.keep_original_groups", "run.oci.mount_context_type", "run.oci.systemd.subgroup",
    ])
    func warnsOfTheAnnotationsThatChangeWhatItDoes(name: String) throws {
        let unsafe = try #require(document()["potentiallyUnsafeConfigAnnotations"] as? [String])
        #expect(unsafe.contains { $0 == name || ($0.hasSuffix(".") && name.hasPrefix($0)) }, "\(unsafe)")
    }
}
