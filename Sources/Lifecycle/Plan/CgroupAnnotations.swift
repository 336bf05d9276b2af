import Bytes
import Cgroups
import Errors
import OCI

/// crun's annotations about cgroups below the one that the engine names.
enum CgroupAnnotations {
    /// The container's cgroup is this one below its unit's. Without the annotation, it is the unit's.
    static let subgroup: ByteString = "run.oci.systemd.subgroup"
    /// The container's first process gets this cgroup below the container's, so that the container can manage cgroups.
    static let payload: ByteString = "run.oci.delegate-cgroup"

    /// The path that an annotation names; nil without the annotation, or if it's empty.
    ///
    /// - Parameters:
    ///   - key: The annotation's key.
    ///   - annotations: The container's annotations.
    /// - Returns: The path.
    /// - Throws: `invalidConfig` if the path could lead out of the upper cgroup.
    static func subpath(_ key: ByteString, in annotations: [Annotation]) throws(RuntimeError) -> CgroupSubpath? {
        guard let annotation = annotations.first(where: { $0.key == key }) else { return nil }
        guard let path = CgroupSubpath(annotation.value) else {
            throw annotation.refusal(
                "isn't the path of a cgroup: " + annotation.value.displayText,
                hint: "give a path without \"..\", such as \"init\"")
        }
        return path.components.isEmpty ? nil : path
    }

    /// Refuses a container that divides its cgroup: `restore` would have to place each of its processes.
    static func checkRestorable(_ annotations: [Annotation]) throws(RuntimeError) {
        guard try subpath(payload, in: annotations) != nil else { return }
        throw RuntimeError(
            .unsupported, "a container that manages cgroups of its own can't be checkpointed or restored",
            pointer: "/annotations/run.oci.delegate-cgroup", hint: "create the container without the annotation")
    }
}

extension Annotation {
    /// The error for an annotation that isn't accepted.
    ///
    /// - Parameters:
    ///   - reason: The rest of the sentence that begins with the annotation.
    ///   - hint: Advice.
    /// - Returns: The error.
    func refusal(_ reason: String, hint: String) -> RuntimeError {
        RuntimeError(
            .invalidConfig, "the annotation \"" + key.displayText + "\" " + reason,
            pointer: "/annotations/" + key.escapedForJSONPointer, hint: hint)
    }
}
