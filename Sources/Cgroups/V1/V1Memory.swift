import Bytes
import OCI

extension V1 {
    /// The steps for `memory`: admin-guide/cgroup-v1/memory.rst.
    static func memory(_ memory: Resources.Memory) -> [CgroupStep] {
        var steps: [CgroupStep] = []
        if let hierarchical = memory.useHierarchy {
            steps.append(
                .write(CgroupWrite(.memory, "memory.use_hierarchy", hierarchical ? 1 : 0, PropertyName("memory/useHierarchy"))))
        }
        let limits = memoryAndSwap(memory)
        if !limits.isEmpty { steps.append(.together(limits)) }
        @inline(never)
        func add(_ limit: Limit?, _ file: ByteString, _ name: StaticString) {
            guard let limit else { return }
            steps.append(.write(CgroupWrite(.memory, file, limit.number, PropertyName(name), optional: limit.isUnlimited)))
        }
        add(memory.reservation, "memory.soft_limit_in_bytes", "memory/reservation")
        if let kernel = memory.kernel {
            steps.append(
                .kernelMemory(
                    CgroupWrite(
                        .memory, "memory.kmem.limit_in_bytes", kernel.number, PropertyName("memory/kernel"), optional: true)))
        }
        add(memory.kernelTCP, "memory.kmem.tcp.limit_in_bytes", "memory/kernelTCP")
        if let swappiness = memory.swappiness {
            steps.append(.write(CgroupWrite(.memory, "memory.swappiness", swappiness, PropertyName("memory/swappiness"))))
        }
        if memory.disableOOMKiller == true {
            steps.append(.write(CgroupWrite(.memory, "memory.oom_control", 1, PropertyName("memory/disableOOMKiller"))))
        }
        return steps
    }

    /// The writes for the limits on memory and on memory and swap together. The kernel never allows the second limit to be
    /// below the first.
    private static func memoryAndSwap(_ memory: Resources.Memory) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        if let limit = memory.limit {
            writes.append(CgroupWrite(.memory, "memory.limit_in_bytes", limit.number, PropertyName("memory/limit")))
        }
        if let swap = memory.swap {
            writes.append(
                CgroupWrite(
                    .memory, "memory.memsw.limit_in_bytes", swap.number, PropertyName("memory/swap"), optional: swap.isUnlimited))
        } else if memory.limit?.isUnlimited == true {
            // An earlier limit on memory and swap together would keep the kernel from lifting the limit on memory.
            writes.append(CgroupWrite(.memory, "memory.memsw.limit_in_bytes", -1, PropertyName("memory/limit"), optional: true))
        }
        return writes
    }
}
