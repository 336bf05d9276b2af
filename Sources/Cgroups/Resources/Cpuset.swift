import Bytes
import OCI

/// The steps for `cpu.cpus` and `cpu.mems`. The files are the same in both versions: cpuset(7), "FORMATS", "List format".
func cpusetSteps(_ cpu: Resources.CPU) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    if let cpus = cpu.cpus { steps.append(.write(CgroupWrite(.cpuset, "cpuset.cpus", cpus.text, PropertyName("cpu/cpus")))) }
    if let mems = cpu.mems { steps.append(.write(CgroupWrite(.cpuset, "cpuset.mems", mems.text, PropertyName("cpu/mems")))) }
    return steps
}
