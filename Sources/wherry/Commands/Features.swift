import Bytes
import Errors
import Lifecycle
import OCI

enum Features {
    static let command = Command(
        name: "features", summary: "show what this runtime can do",
        description: """
            Writes as JSON which hooks, mount options, namespaces, capabilities, cgroup
            versions, seccomp actions and more this runtime knows, as the chapter "Features
            Structure" of the OCI Runtime Specification has it. It's about the program: the
            kernel it runs on may have less.
            """,
        example: """
            wherry features | jq .linux.seccomp.actions
            """,
        action: { _ throws(RuntimeError) in
            try printOut(describeFeatures(version: Version.number, commit: Version.commit) + [UInt8(ascii: "\n")])
            return 0
        })
}
