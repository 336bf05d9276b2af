import Bytes
import Errors
import Lifecycle
import OCI

enum State {
    static let command = Command(
        name: "state", summary: "show the state of a container", operands: [.required("ID")],
        description: """
            Writes the state of a container as JSON: ociVersion, id, pid, status, bundle,
            rootfs, created, annotations and owner.

            The status is creating, created, running, paused or stopped. The pid is that of
            the first process, and 0 once it has ended.

            If the container has stopped, "end" has what is known of that: exitStatus or
            signal of the first process, after "run --keep" or while nobody has reaped it (an
            exitStatus of 0 after "run --keep" alone); and outOfMemory with the number of
            processes that the kernel killed (kills), the container's limit and its peak use
            in bytes, as long as the cgroup is there.
            """,
        example: """
            wherry state web
            wherry state web | jq -r .status
            """,
        action: { invocation throws(RuntimeError) in
            try printOut(
                try containerState(id: invocation.id, try invocation.settings()).json(.indented(2)) + [UInt8(ascii: "\n")])
            return 0
        })
}
