public import Bytes
import Linux
import OCI
import Seccomp

/// The "Features Structure" as JSON: what a configuration may ask for. Source: runtime-spec, features.md and features-linux.md.
///
/// The structure describes this version of the program, independent of the kernel that it runs on; only `supportedFlags` of
/// seccomp depends on the kernel. Lists are empty, and flags false, for everything that this version refuses.
public func describeFeatures(version: ByteString, commit: ByteString) -> [UInt8] {
    var json = JSONWriter(.indented(4))
    json.object { json in
        json.member("ociVersionMin", Specification.oldestVersion)
        json.member("ociVersionMax", Specification.version)
        json.list("hooks", FeatureNames.hooks)
        json.list("mountOptions", FeatureNames.mountOptions)
        json.object("linux") { $0.writeLinuxFeatures() }
        json.object("annotations") { json in
            json.member("io.github.seccomp.libseccomp.version", SeccompFeatures.libraryVersion)
            json.member("org.opencontainers.runc.checkpoint.enabled", "true" as StaticString)
            json.member("wherry.commit", commit)
            json.member("wherry.version", version)
        }
        json.list(
            "potentiallyUnsafeConfigAnnotations",
            [
                "org.criu.config", "org.systemd.property.", "run.oci.delegate-cgroup", "run.oci.keep_original_groups",
                "run.oci.hooks.stderr", "run.oci.hooks.stdout", "run.oci.mount_context_type", "run.oci.systemd.subgroup",
            ])
    }
    return json.bytes
}

enum FeatureNames {
    static var hooks: [ByteString] { Hook.Kind.allCases.map { ByteString(stringLiteral: $0.name) } }

    static var mountOptions: [ByteString] { MountOption.names.map { ByteString(stringLiteral: $0) }.ordered() }

    /// All capabilities that libcap has names for, in the order of their numbers.
    static var capabilities: [ByteString] { (0..<64).compactMap { CapabilitySet.name(of: $0) } }
}

extension JSONWriter {
    fileprivate mutating func list(_ key: StaticString, _ names: [ByteString]) {
        array(key) { json in
            for name in names { json.element(name) }
        }
    }

    fileprivate mutating func writeLinuxFeatures() {
        list("namespaces", SpecificationNames.namespaces)
        list("capabilities", FeatureNames.capabilities)
        object("cgroup") { json in
            json.member("v1", true)
            json.member("v2", true)
            json.member("systemd", true)
            json.member("systemdUser", true)
            json.member("rdma", true)
        }
        object("seccomp") { json in
            json.member("enabled", true)
            json.list("actions", SpecificationNames.seccompActions)
            json.list("operators", SpecificationNames.seccompOperators)
            json.list("archs", SeccompFeatures.architectures)
            json.list("knownFlags", SeccompFeatures.knownFlags)
            json.list("supportedFlags", SeccompFeatures.supportedFlags)
        }
        object("apparmor") { $0.member("enabled", true) }
        object("selinux") { $0.member("enabled", true) }
        object("memoryPolicy") { json in
            json.list("modes", SpecificationNames.memoryPolicyModes)
            json.list("flags", SpecificationNames.memoryPolicyFlags)
        }
        object("intelRdt") { json in
            json.member("enabled", true)
            json.member("schemata", true)
            json.member("monitoring", true)
        }
        object("mountExtensions") { json in
            json.object("idmap") { $0.member("enabled", true) }
        }
        object("netDevices") { $0.member("enabled", true) }
    }
}
