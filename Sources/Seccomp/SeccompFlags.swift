import Bytes
import Errors
import Linux
import OCI

/// The profile's flags as seccomp(2) takes them.
enum SeccompFlags {
    /// - Throws: the name of a flag that the running kernel doesn't know.
    @inline(never)
    static func value(for profile: Seccomp, needsListener: Bool) throws(RuntimeError) -> SystemCallFilter.Flags {
        var value: SystemCallFilter.Flags = needsListener ? .newListener : []
        // A profile that says nothing of flags means the usual mitigations of the processor, not those that every filter once
        // brought with it (kernel 4.17): so runc and crun have it. Every kernel that this program runs on knows the flag.
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
            // The other threads of the process are to get the filter, too: there are none.
            case .tsync: break
            // It's about notifications: without a listener the kernel refuses it.
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
