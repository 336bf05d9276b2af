import Bytes
import Errors
import OCI

/// `unified`: files of cgroup v2 by their own names. Each line of a value is one write, as io.max and its like want it.
func unifiedSteps(_ entries: [Resources.UnifiedEntry], _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    for entry in entries {
        let property = PropertyName("unified", key: entry.file)
        guard entry.file.isControllerFile else {
            throw context.invalid(property, entry.file.quoted + " is not the name of a controller's file")
        }
        guard context.locations.filter else { throw context.withoutV2(property) }
        let wanted = unifiedController(of: entry.file)
        if !wanted.isEmpty, !context.locations.v2.isSuperset(of: wanted) {
            throw RuntimeError(
                .unsupported, "cgroup v2 hasn't got the controller of " + entry.file.quoted + " on this host",
                pointer: property.pointer(context.base),
                hint: "its controller may be in use by a cgroup v1 hierarchy, or not be delegated to the container's parent")
        }
        let lines = entry.value.split(separator: UInt8(ascii: "\n")).filter { !$0.isEmpty }
        guard !lines.isEmpty else { throw context.invalid(property, "the value is empty") }
        for line in lines { steps.append(.write(CgroupWrite(nil, entry.file, line, property))) }
    }
    return steps
}

/// The controller whose file it is: none for names that aren't known.
func unifiedController(of file: ByteString) -> ControllerSet {
    guard let (name, rest) = file.splitOnce(separator: UInt8(ascii: ".")), rest != "pressure" else { return [] }
    return ControllerSet(names: [name], unified: true)
}

extension ByteString {
    /// "NAME.NAME" or longer, of letters, digits and underscores; not "cgroup.…", which are the tree's own files: by these,
    /// processes could be moved and controllers taken away.
    fileprivate var isControllerFile: Bool {
        let parts = split(separator: UInt8(ascii: "."))
        guard parts.count > 1 else { return false }
        let wellFormed = parts.allSatisfy { part in
            !part.isEmpty
                && part.bytes.allSatisfy {
                    (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                        || $0 == UInt8(ascii: "_")
                }
        }
        return wellFormed && (parts[0] != "cgroup" || self == "cgroup.max.depth" || self == "cgroup.max.descendants")
    }
}
