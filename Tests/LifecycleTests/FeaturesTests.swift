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
        let json = Data(describeFeatures(version: "0.1.0", commit: "c0ffee"))
        let document = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        let linux = try #require(document["linux"] as? [String: Any])
        let named = try #require(linux["memoryPolicy"] as? [String: [String]])
        #expect(
            named["modes"] == [
                "MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY",
                "MPOL_WEIGHTED_INTERLEAVE",
            ])
        #expect(named["flags"] == ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"])
    }

    @Test func hasEveryPropertyOfTheSpecification() throws {
        let json = Data(describeFeatures(version: "0.1.0", commit: "c0ffee"))
        let document = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
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
}
