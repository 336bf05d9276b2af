import Bytes
import Errors
import OCI

/// The files of cpuset: the same in both versions. See cpuset(7), "Formats for masks and lists".
func cpusetSteps(_ cpu: Resources.CPU, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    func add(_ list: ByteString?, _ file: ByteString, _ name: StaticString) throws(RuntimeError) {
        // Engines send an empty text for "unset".
        guard let list, !list.isEmpty else { return }
        let allowed = list.bytes.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "-") }
        guard allowed else {
            throw context.invalid(PropertyName(name), list.quoted + " is not a list of numbers and ranges such as 0-3,7")
        }
        steps.append(.write(CgroupWrite(.cpuset, file, list, PropertyName(name))))
    }
    try add(cpu.cpus, "cpuset.cpus", "cpu/cpus")
    try add(cpu.mems, "cpuset.mems", "cpu/mems")
    return steps
}
