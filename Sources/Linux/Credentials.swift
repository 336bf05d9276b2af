import CLinux
public import Errors

/// A set of capabilities: bit n is capability n. See capabilities(7).
public struct CapabilitySet: Equatable, Sendable {
    public var bits: UInt64

    public init(bits: UInt64 = 0) { self.bits = bits }

    public var isEmpty: Bool { bits == 0 }

    public func contains(_ number: Int) -> Bool { bits & (1 << UInt64(number)) != 0 }

    public mutating func insert(_ number: Int) { bits |= 1 << UInt64(number) }
}

/// The three sets of a thread that capset(2) takes.
public struct ThreadCapabilities: Equatable, Sendable {
    public var effective: CapabilitySet
    public var permitted: CapabilitySet
    public var inheritable: CapabilitySet

    public init(effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet) {
        self.effective = effective
        self.permitted = permitted
        self.inheritable = inheritable
    }

    /// The corresponding system call is `capget`.
    public static func current() throws(SystemError) -> ThreadCapabilities {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        var inheritable: UInt64 = 0
        guard c_capget(&effective, &permitted, &inheritable) == 0 else { throw .last("capget") }
        return ThreadCapabilities(
            effective: CapabilitySet(bits: effective), permitted: CapabilitySet(bits: permitted),
            inheritable: CapabilitySet(bits: inheritable))
    }

    /// The corresponding system call is `capset`.
    public func apply() throws(SystemError) {
        guard c_capset(effective.bits, permitted.bits, inheritable.bits) == 0 else { throw .last("capset") }
    }
}

/// What a process is allowed, and how it's taken away. The calls are the kernel's, not glibc's.
public enum Credentials {
    /// Drops from the bounding set all that isn't in `kept`, and makes sure that it's gone: an outer filter may answer in the kernel's
    /// place. The corresponding operations are `PR_CAPBSET_DROP` and `PR_CAPBSET_READ`.
    public static func limitBounding(to kept: CapabilitySet) throws(SystemError) {
        for number in 0..<64 where !kept.contains(number) {
            guard c_prctl(PR_CAPBSET_DROP, UInt(number), 0, 0, 0) != 0 else { continue }
            if isBeyondTheLast(number) { break }
            throw .last("prctl")
        }
        for number in 0..<64 where !kept.contains(number) {
            switch c_prctl(PR_CAPBSET_READ, UInt(number), 0, 0, 0) {
            case 0: continue
            case 1: throw SystemError("prctl", errno: .EPERM)
            default:
                if isBeyondTheLast(number) { return }
                throw .last("prctl")
            }
        }
    }

    /// After an error: whether this kernel hasn't got the capability. Each that is supported has those up to CAP_CHECKPOINT_RESTORE.
    private static func isBeyondTheLast(_ number: Int) -> Bool { Errno.last == .EINVAL && number > Int(CAP_CHECKPOINT_RESTORE) }

    /// Sets the ambient set to exactly `set`. The corresponding operation is `PR_CAP_AMBIENT`.
    public static func setAmbient(_ set: CapabilitySet) throws(SystemError) {
        guard c_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_CLEAR_ALL), 0, 0, 0) == 0 else { throw .last("prctl") }
        for number in 0..<64 where set.contains(number) {
            guard c_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_RAISE), UInt(number), 0, 0) == 0 else { throw .last("prctl") }
        }
    }

    /// The corresponding system call is `setgroups`: an empty list takes all away.
    public static func setGroups(_ groups: [UInt32]) throws(SystemError) {
        guard c_setgroups(UInt(groups.count), groups) == 0 else { throw .last("setgroups") }
    }

    public static func setUser(_ uid: UInt32) throws(SystemError) {
        guard c_setresuid(uid, uid, uid) == 0 else { throw .last("setresuid") }
    }

    public static func setGroup(_ gid: UInt32) throws(SystemError) {
        guard c_setresgid(gid, gid, gid) == 0 else { throw .last("setresgid") }
    }

    /// Capabilities outlive a change of the user id (`PR_SET_KEEPCAPS`).
    public static func keepCapabilities(_ keep: Bool) throws(SystemError) {
        guard c_prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0) == 0 else { throw .last("prctl") }
    }

    /// No program gives more rights than its caller has (`PR_SET_NO_NEW_PRIVS`).
    public static func forbidNewPrivileges() throws(SystemError) {
        guard c_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, c_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 else {
            throw .last("prctl")
        }
    }
}

/// Whose the calling process is.
extension Credentials {
    /// The corresponding system call is `getuid`.
    public static var user: UInt32 { getuid() }
    /// The corresponding system call is `getgid`.
    public static var group: UInt32 { getgid() }
    /// The corresponding system call is `getegid`.
    public static var effectiveGroup: UInt32 { getegid() }
    /// The corresponding system call is `geteuid`.
    public static var effectiveUser: UInt32 { geteuid() }
}
