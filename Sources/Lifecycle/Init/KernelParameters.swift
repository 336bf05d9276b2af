import Bytes
import Errors
import Linux
import OCI

extension Init {
    /// Parameters and names of the container's own namespaces. After the hooks, since Docker's makes the network interfaces; before
    /// /proc/sys becomes read-only.
    mutating func setKernelParameters() throws(RuntimeError) {
        step(.setSysctls)
        for entry in plan.sysctls {
            do throws(SystemError) {
                try procfs?.write(entry.path, entry.value.bytes)
            } catch {
                let isRange =
                    entry.path == "sys/net/ipv4/ping_group_range" && error.errno == .EINVAL && plan.namespaces.has(.user)
                throw RuntimeError(
                    .process,
                    "\"" + entry.key.displayText + "\" can't be set to \"" + entry.value.displayText + "\""
                        + (isRange ? ", of which both groups have to be in the container's gidMappings" : ""),
                    error, pointer: entry.pointer, path: "/proc/" + entry.path)
            }
        }
        step(.setHostName)
        if let name = plan.hostname {
            try explaining(.process, "can't be set", pointer: "/hostname", OwnProcess.setHostName(name))
        }
        if let name = plan.domainname {
            try explaining(.process, "can't be set", pointer: "/domainname", OwnProcess.setDomainName(name))
        }
        // Nothing else is written by way of /proc: the descriptor of a whole one mustn't stay.
        procfs = nil
    }
}
