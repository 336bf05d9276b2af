import OCI

extension ResourceLimit {
    /// How many open files our own code may need in the container's process.
    private static let ownFiles: UInt64 = 64

    /// Whether the limit would leave too few descriptors for our own code. Then the process itself sets it, shortly before
    /// execve.
    var isTooLowForUs: Bool { resource == .nofile && soft < ResourceLimit.ownFiles }

    /// The limit as Host sets it, with enough descriptors for our own code. nil if Host needn't set it,
    /// because the process can lower its own limit later.
    var asSetByHost: ResourceLimit? {
        guard isTooLowForUs else { return self }
        guard hard >= ResourceLimit.ownFiles else { return nil }
        var limit = self
        limit.soft = ResourceLimit.ownFiles
        return limit
    }
}
