import Bytes
import Errors
import OCI

extension V1 {
    /// Admin-guide/cgroup-v1/memory.rst.
    static func memory(_ memory: Resources.Memory, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        var steps: [CgroupStep] = []
        if let hierarchical = memory.useHierarchy {
            steps.append(
                .write(CgroupWrite(.memory, "memory.use_hierarchy", hierarchical ? 1 : 0, PropertyName("memory/useHierarchy"))))
        }
        let limits = try memoryAndSwap(memory, context)
        if !limits.isEmpty { steps.append(.together(limits)) }
        func add(_ value: Int64?, _ file: ByteString, _ name: StaticString) throws(RuntimeError) {
            guard let value = try context.limit(value, name) else { return }
            steps.append(.write(CgroupWrite(.memory, file, value, PropertyName(name), optional: value == -1)))
        }
        try add(memory.reservation, "memory.soft_limit_in_bytes", "memory/reservation")
        if let kernel = try context.limit(memory.kernel, "memory/kernel") {
            steps.append(
                .kernelMemory(
                    CgroupWrite(
                        .memory, "memory.kmem.limit_in_bytes", kernel, PropertyName("memory/kernel"), optional: true)))
        }
        try add(memory.kernelTCP, "memory.kmem.tcp.limit_in_bytes", "memory/kernelTCP")
        if let swappiness = memory.swappiness {
            guard swappiness <= 100 else {
                throw context.invalid(PropertyName("memory/swappiness"), String(swappiness) + " is not between 0 and 100")
            }
            steps.append(.write(CgroupWrite(.memory, "memory.swappiness", swappiness, PropertyName("memory/swappiness"))))
        }
        if memory.disableOOMKiller == true {
            steps.append(.write(CgroupWrite(.memory, "memory.oom_control", 1, PropertyName("memory/disableOOMKiller"))))
        }
        return steps
    }

    /// The kernel wants memory+swap never below memory.
    private static func memoryAndSwap(_ memory: Resources.Memory, _ context: PlanContext) throws(RuntimeError) -> [CgroupWrite] {
        let limit = try context.limit(memory.limit, "memory/limit")
        let swap = try context.limit(memory.swap, "memory/swap")
        try context.checkSwap(swap, limit: limit)
        var writes: [CgroupWrite] = []
        if let limit { writes.append(CgroupWrite(.memory, "memory.limit_in_bytes", limit, PropertyName("memory/limit"))) }
        if let swap {
            writes.append(
                CgroupWrite(.memory, "memory.memsw.limit_in_bytes", swap, PropertyName("memory/swap"), optional: swap == -1))
        } else if limit == -1 {
            // An earlier limit on both together would keep the kernel from lifting the one on memory.
            writes.append(CgroupWrite(.memory, "memory.memsw.limit_in_bytes", -1, PropertyName("memory/limit"), optional: true))
        }
        return writes
    }
}

extension PlanContext {
    /// `memory.swap` counts memory and swap together.
    func checkSwap(_ swap: Int64?, limit: Int64?) throws(RuntimeError) {
        guard let swap, let limit, swap != -1 else { return }
        let property = PropertyName("memory/swap")
        if limit == -1 { throw invalid(property, "a limit on memory and swap together needs one on memory, which is unlimited") }
        if swap < limit {
            throw invalid(
                property, String(swap) + " is below memory.limit, " + String(limit),
                hint: "memory.swap counts memory and swap together: set it to memory.limit for no swap")
        }
    }
}
