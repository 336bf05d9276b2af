import Errors
import Linux

/// Clones the container's first process. If that fails, throws an error that names the namespaces.
func explainingClone(_ clone: () throws(SystemError) -> CloneResult) throws(RuntimeError) -> CloneResult {
    try explaining(
        .namespace, "the container's namespaces can't be made", pointer: "/linux/namespaces",
        hint: "are namespaces of these kinds allowed here, and are there fewer than /proc/sys/user/max_*_namespaces?", clone)
}
