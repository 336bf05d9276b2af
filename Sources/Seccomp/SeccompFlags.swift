import Bytes
import CLinux
import Errors
import Linux
import OCI

/// The profile's flags as seccomp(2) takes them.
enum SeccompFlags {
    /// - Throws: the name of a flag that the running kernel doesn't know.
    static func value(for profile: Seccomp, needsListener: Bool) throws(RuntimeError) -> UInt32 {
        var value: UInt32 = needsListener ? c_filter_flag_new_listener : 0
        // A profile that says nothing of flags means the usual mitigations of the processor, not those that every filter once
        // brought with it (kernel 4.17): so runc and crun have it. Every kernel that this program runs on knows the flag.
        guard let flags = profile.flags else { return value | c_filter_flag_spec_allow }
        for (index, flag) in flags.enumerated() {
            guard kernelKnows(flag) else {
                let name = SpecificationNames.seccompFlags.first { $0.flag == flag }?.name ?? ""
                throw RuntimeError(
                    .unsupported, "the kernel doesn't know " + name.displayText, pointer: "/linux/seccomp/flags/" + String(index))
            }
            switch flag {
            case .log: value |= c_filter_flag_log
            case .specAllow: value |= c_filter_flag_spec_allow
            // The other threads of the process are to get the filter, too: there are none.
            case .tsync: break
            // It's about notifications: without a listener the kernel refuses it.
            case .waitKillableReceive: if needsListener { value |= c_filter_flag_wait_killable_receive }
            }
        }
        return value
    }

    static func kernelKnows(_ flag: Seccomp.Flag) -> Bool {
        switch flag {
        case .log: SystemCallFilter.knows(flags: c_filter_flag_log)
        case .specAllow: SystemCallFilter.knows(flags: c_filter_flag_spec_allow)
        case .tsync: SystemCallFilter.knows(flags: c_filter_flag_tsync)
        case .waitKillableReceive:
            SystemCallFilter.knows(flags: c_filter_flag_wait_killable_receive | c_filter_flag_new_listener)
        }
    }
}
