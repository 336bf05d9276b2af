import Bytes
import OCI

extension V1 {
    /// The steps for `hugepageLimits`: admin-guide/cgroup-v1/hugetlb.rst. Each limit applies to use and, if the kernel can
    /// limit them, to reservations.
    static func hugetlb(_ limits: [Resources.HugepageLimit]) -> [CgroupStep] {
        hugetlbSteps(limits, usage: ".limit_in_bytes", reservation: ".rsvd.limit_in_bytes")
    }
}

extension V2 {
    /// The steps for `hugepageLimits`: admin-guide/cgroup-v2.rst, "HugeTLB".
    static func hugetlb(_ limits: [Resources.HugepageLimit]) -> [CgroupStep] {
        hugetlbSteps(limits, usage: ".max", reservation: ".rsvd.max")
    }
}

private func hugetlbSteps(_ limits: [Resources.HugepageLimit], usage: ByteString, reservation: ByteString) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    for (index, limit) in limits.enumerated() {
        let property = PropertyName("hugepageLimits", index: index, member: "limit")
        let file = "hugetlb." + limit.pageSize.text
        steps.append(.write(CgroupWrite(.hugetlb, file + usage, limit.limit, property)))
        steps.append(.write(CgroupWrite(.hugetlb, file + reservation, limit.limit, property, optional: true)))
    }
    return steps
}
