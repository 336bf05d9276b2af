import OCI

extension ResourceLimit {
    /// Open files that our own code may still need in the container's process.
    private static let ownFiles: UInt64 = 64

    /// Whether it would leave our own code no descriptor: then it's lowered last, by the process itself.
    var isTooLowForUs: Bool { resource == .nofile && soft < ResourceLimit.ownFiles }

    /// nil where there's nothing that only Host could do.
    var asSetByHost: ResourceLimit? {
        guard isTooLowForUs else { return self }
        guard hard >= ResourceLimit.ownFiles else { return nil }
        var limit = self
        limit.soft = ResourceLimit.ownFiles
        return limit
    }
}
