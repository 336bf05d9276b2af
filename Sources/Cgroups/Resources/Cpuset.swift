import Bytes
import OCI

/// The files of cpuset: the same in both versions. See cpuset(7), "Formats for masks and lists".
func cpusetSteps(_ cpu: Resources.CPU) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    if let cpus = cpu.cpus { steps.append(.write(CgroupWrite(.cpuset, "cpuset.cpus", cpus.text, PropertyName("cpu/cpus")))) }
    if let mems = cpu.mems { steps.append(.write(CgroupWrite(.cpuset, "cpuset.mems", mems.text, PropertyName("cpu/mems")))) }
    return steps
}
