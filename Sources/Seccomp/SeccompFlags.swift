import Bytes
import Errors
import Linux
import OCI

/// The profile's flags as seccomp(2) takes them.
enum SeccompFlags {
    /// Converts the profile's flags.
    ///
    /// - Parameters:
    ///   - profile: the profile.
    ///   - needsListener: whether loading the filter must yield a listener.
    /// - Returns: the flags for seccomp(2).
    /// - Throws: `unsupported` with the name of a flag that the running kernel doesn't know.
    @inline(never)
    static func value(for profile: Seccomp, needsListener: Bool) throws(RuntimeError) -> SystemCallFilter.Flags {
        var value: SystemCallFilter.Flags = needsListener ? .newListener : []
        // A profile without `flags` gets SPEC_ALLOW, as with runc and crun. The process then keeps the processor's usual
        // mitigations, without the additional ones that a filter brings on some kernels. Every kernel that this program runs on
        // knows the flag (4.17).
        guard let flags = profile.flags else { return value.union(.specAllow) }
        for (index, flag) in flags.enumerated() {
            guard kernelKnows(flag) else {
                let name = SpecificationNames.seccompFlags.first { $0.flag == flag }?.name ?? ""
                throw RuntimeError(
                    .unsupported, "the kernel doesn't know " + name.displayText, pointer: "/linux/seccomp/flags/" + String(index))
            }
            switch flag {
            case .log: value.insert(.log)
            case .specAllow: value.insert(.specAllow)
            // The flag extends the filter to the other threads of the process, and there are none.
            case .tsync: break
            // The flag concerns notifications, and the kernel refuses it without a listener.
            case .waitKillableReceive: if needsListener { value.insert(.waitKillableReceive) }
            }
        }
        return value
    }

    static func kernelKnows(_ flag: Seccomp.Flag) -> Bool {
        switch flag {
        case .log: SystemCallFilter.knows(.log)
        case .specAllow: SystemCallFilter.knows(.specAllow)
        case .tsync: SystemCallFilter.knows(.tsync)
        case .waitKillableReceive: SystemCallFilter.knows([.waitKillableReceive, .newListener])
        }
    }
}
