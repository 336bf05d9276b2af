import Bytes
import Errors
import Linux
import OCI

extension Init {
    /// Sets the sysctls, the host name and the domain name of the container's own namespaces.
    ///
    /// This comes after the hooks, because Docker's hook makes the network interfaces, and before /proc/sys becomes read-only.
    @inline(never)
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
        // This was the last write to /proc. A descriptor of a procfs without masks must not stay open.
        procfs = nil
    }
}
