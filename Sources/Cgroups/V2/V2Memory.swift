import Bytes
import Errors
import OCI

extension V2 {
    /// The steps for `memory`: admin-guide/cgroup-v2.rst, "Memory Interface Files".
    static func memory(_ memory: Resources.Memory, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        try refuseLegacy(memory, context)
        let limit = memory.limit?.number
        let swap = memory.swap?.number
        let memoryMax = memory.limit.map { CgroupWrite(.memory, "memory.max", $0.textInV2, PropertyName("memory/limit")) }
        let swapMax = swapValue(swap, limit: limit).map { value in
            // The file may be missing for "0", because a kernel without it swaps nothing, and for "max", because there is no
            // limit.
            CgroupWrite(
                .memory, "memory.swap.max", value == -1 ? "max" : ByteString(decimal: value), PropertyName("memory/swap"),
                optional: value <= 0)
        }
        var steps: [CgroupStep] = []
        if memory.checkBeforeUpdate == true, let limit, limit > 0 {
            steps.append(.refuseBelowUsage(limit: limit, swap: swapValue(swap, limit: limit)))
        }
        if let memoryMax, let swapMax {
            steps.append(.memoryAndSwap(memory: memoryMax, swap: swapMax))
        } else if let only = memoryMax ?? swapMax {
            steps.append(.write(only))
        }
        if let swap, swap > 0, limit == nil { steps.append(.swapAbovePresentLimit(swap)) }
        if let reservation = memory.reservation {
            steps.append(.write(CgroupWrite(.memory, "memory.low", reservation.textInV2, PropertyName("memory/reservation"))))
        }
        return steps
    }

    /// The limit on swap alone, as v2 counts it; -1 for no limit, nil if there is nothing to set.
    private static func swapValue(_ swap: Int64?, limit: Int64?) -> Int64? {
        guard let swap else { return limit == -1 ? -1 : nil }
        if swap == -1 { return -1 }
        guard let limit, limit > 0 else { return nil }
        return swap - limit
    }

    /// Refuses properties that cgroup v2 can't provide, unless they ask for what v2 does anyway.
    private static func refuseLegacy(_ memory: Resources.Memory, _ context: PlanContext) throws(RuntimeError) {
        if memory.kernel?.isUnlimited == false {
            throw context.notInV2(PropertyName("memory/kernel"), hint: "memory.limit counts the kernel's memory too")
        }
        if memory.kernelTCP?.isUnlimited == false {
            throw context.notInV2(PropertyName("memory/kernelTCP"), hint: "memory.limit counts socket buffers too")
        }
        if memory.swappiness != nil { throw context.notInV2(PropertyName("memory/swappiness"), hint: "set memory.swap instead") }
        if memory.disableOOMKiller == true { throw context.notInV2(PropertyName("memory/disableOOMKiller")) }
        if memory.useHierarchy == false {
            throw context.notInV2(
                PropertyName("memory/useHierarchy"), hint: "cgroup v2 always counts a cgroup's children with it")
        }
    }
}
