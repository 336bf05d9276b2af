import Bytes
import Errors
import OCI

extension V1 {
    /// Admin-guide/cgroup-v1/hugetlb.rst: a limit on reservations where the kernel has it, and on use.
    static func hugetlb(_ limits: [Resources.HugepageLimit], _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        try hugetlbSteps(limits, usage: ".limit_in_bytes", reservation: ".rsvd.limit_in_bytes", context)
    }
}

extension V2 {
    /// Admin-guide/cgroup-v2.rst, "HugeTLB".
    static func hugetlb(_ limits: [Resources.HugepageLimit], _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        try hugetlbSteps(limits, usage: ".max", reservation: ".rsvd.max", context)
    }
}

private func hugetlbSteps(
    _ limits: [Resources.HugepageLimit], usage: ByteString, reservation: ByteString, _ context: PlanContext
) throws(RuntimeError) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    for (index, limit) in limits.enumerated() {
        // It becomes part of a file's name.
        guard limit.pageSize.isPageSize else {
            throw context.invalid(
                PropertyName("hugepageLimits", index: index, member: "pageSize"),
                limit.pageSize.quoted + " is not a page size such as 2MB or 1GB")
        }
        let property = PropertyName("hugepageLimits", index: index, member: "limit")
        let file = "hugetlb." + limit.pageSize
        steps.append(.write(CgroupWrite(.hugetlb, file + usage, limit.limit, property)))
        steps.append(.write(CgroupWrite(.hugetlb, file + reservation, limit.limit, property, optional: true)))
    }
    return steps
}

extension ByteString {
    /// Digits that don't begin with 0, then KB, MB or GB.
    fileprivate var isPageSize: Bool {
        guard hasSuffix("KB") || hasSuffix("MB") || hasSuffix("GB") else { return false }
        let digits = bytes.dropLast(2)
        return !digits.isEmpty && digits.first != UInt8(ascii: "0") && digits.allSatisfy { (0x30...0x39).contains($0) }
    }
}
