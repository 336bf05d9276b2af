import Errors
import Linux
import OCI

/// Clones the container's first process, with these namespaces. If that fails, throws an error that names the namespaces.
func explainingClone(_ namespaces: NamespacePlan, _ clone: () throws(SystemError) -> CloneResult) throws(RuntimeError)
    -> CloneResult
{
    do throws(SystemError) {
        return try clone()
    } catch {
        let lacksRights = error.errno == .EPERM && Credentials.effectiveUser != 0 && !namespaces.has(.user)
        throw RuntimeError(
            .namespace, "the container's namespaces can't be made", error, pointer: "/linux/namespaces",
            hint: lacksRights
                ? "an ordinary user needs a user namespace: wherry spec --rootless writes such a configuration"
                : "are namespaces of these kinds allowed here (user namespaces aren't in a chroot), and are there fewer than "
                    + "/proc/sys/user/max_*_namespaces?")
    }
}
