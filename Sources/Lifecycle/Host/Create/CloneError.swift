import Errors
import Linux
import OCI

/// Clones the container's first process, with these namespaces. If that fails, throws an error that names the namespaces.
func explainingClone(_ namespaces: NamespacePlan, _ clone: () throws(SystemError) -> CloneResult) throws(RuntimeError)
    -> CloneResult
{
    let lacksRights = Credentials.effectiveUser != 0 && !namespaces.has(.user)
    return try explaining(
        .namespace, "the container's namespaces can't be made", pointer: "/linux/namespaces",
        hint: lacksRights
            ? "an ordinary user needs a user namespace: wherry spec --rootless writes such a configuration"
            : "are namespaces of these kinds allowed here, and are there fewer than /proc/sys/user/max_*_namespaces?", clone)
}
