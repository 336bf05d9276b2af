import Bytes
import Errors
import OCI

/// The steps for `unified`, which names files of cgroup v2. Each line is written by itself, because io.max and similar files
/// accept only one line per write.
func unifiedSteps(_ entries: [Resources.UnifiedEntry], _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    for entry in entries {
        let file = entry.file.text
        let property = PropertyName("unified", key: file)
        guard context.locations.filter else { throw context.withoutV2(property) }
        let wanted = unifiedController(of: file)
        if !wanted.isEmpty, !context.locations.v2.isSuperset(of: wanted) {
            throw RuntimeError(
                .unsupported, "cgroup v2 hasn't got the controller of " + file.quoted + " on this host",
                pointer: property.pointer(context.base),
                hint: "its controller may be in use by a cgroup v1 hierarchy, or not be delegated to the container's parent")
        }
        for line in entry.lines { steps.append(.write(CgroupWrite(nil, file, line, property))) }
    }
    return steps
}

/// The controller that the file belongs to; empty for unknown names and for pressure files, which need no controller.
func unifiedController(of file: ByteString) -> ControllerSet {
    guard let (name, rest) = file.splitOnce(separator: UInt8(ascii: ".")), rest != "pressure" else { return [] }
    return ControllerSet(names: [name], unified: true)
}
