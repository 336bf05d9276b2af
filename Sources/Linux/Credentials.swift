import CLinux
public import Errors

/// A set of capabilities: bit n is capability n. See capabilities(7).
public struct CapabilitySet: Equatable, Sendable {
    public var bits: UInt64

    public init(bits: UInt64 = 0) { self.bits = bits }

    public var isEmpty: Bool { bits == 0 }

    /// Whether the set has the capability of this number.
    public func contains(_ number: Int) -> Bool { bits & (1 << UInt64(number)) != 0 }

    /// Adds the capability of this number.
    public mutating func insert(_ number: Int) { bits |= 1 << UInt64(number) }
}

/// A thread's effective, permitted and inheritable capabilities. See capset(2).
public struct ThreadCapabilities: Equatable, Sendable {
    public var effective: CapabilitySet
    public var permitted: CapabilitySet
    public var inheritable: CapabilitySet

    public init(effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet) {
        self.effective = effective
        self.permitted = permitted
        self.inheritable = inheritable
    }

    /// Reads the calling thread's capabilities. The corresponding system call is `capget`.
    public static func current() throws(SystemError) -> ThreadCapabilities {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        var inheritable: UInt64 = 0
        guard c_capget(&effective, &permitted, &inheritable) == 0 else { throw .last("capget") }
        return ThreadCapabilities(
            effective: CapabilitySet(bits: effective), permitted: CapabilitySet(bits: permitted),
            inheritable: CapabilitySet(bits: inheritable))
    }

    /// Makes these the calling thread's capabilities. The corresponding system call is `capset`.
    public func apply() throws(SystemError) {
        guard c_capset(effective.bits, permitted.bits, inheritable.bits) == 0 else { throw .last("capset") }
    }
}

/// Changes the credentials of the calling thread: capabilities, user and groups. See credentials(7).
///
/// The functions call the kernel directly. glibc's functions would apply a change to all threads; this program has only one.
public enum Credentials {
    /// Drops every capability that isn't in `kept` from the bounding set, and then checks that it's gone (EPERM otherwise): an
    /// outer seccomp filter can make the call appear to succeed. The corresponding operations are `PR_CAPBSET_DROP` and, unless
    /// `status` tells the set, `PR_CAPBSET_READ`.
    public static func limitBounding(to kept: CapabilitySet, _ status: OwnStatus? = nil) throws(SystemError) {
        for number in 0..<64 where !kept.contains(number) {
            guard c_prctl(PR_CAPBSET_DROP, UInt(number), 0, 0, 0) != 0 else { continue }
            if isBeyondTheLast(number) { break }
            throw .last("prctl")
        }
        if let left = status?.bounding {
            guard left.bits & ~kept.bits == 0 else { throw SystemError("prctl", errno: .EPERM) }
            return
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

    /// Whether the last call failed because this kernel doesn't have the capability. Every supported kernel has those up to
    /// CAP_CHECKPOINT_RESTORE.
    private static func isBeyondTheLast(_ number: Int) -> Bool { Errno.last == .EINVAL && number > Int(CAP_CHECKPOINT_RESTORE) }

    /// Sets the ambient set to exactly `set`. The corresponding operation is `PR_CAP_AMBIENT`.
    public static func setAmbient(_ set: CapabilitySet) throws(SystemError) {
        guard c_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_CLEAR_ALL), 0, 0, 0) == 0 else { throw .last("prctl") }
        for number in 0..<64 where set.contains(number) {
            guard c_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_RAISE), UInt(number), 0, 0) == 0 else { throw .last("prctl") }
        }
    }

    /// Sets the supplementary groups; an empty list removes all. The corresponding system call is `setgroups`.
    public static func setGroups(_ groups: [UInt32]) throws(SystemError) {
        guard c_setgroups(UInt(groups.count), groups) == 0 else { throw .last("setgroups") }
    }

    /// Sets the real, effective and saved user id. The corresponding system call is `setresuid`.
    public static func setUser(_ uid: UInt32) throws(SystemError) {
        guard c_setresuid(uid, uid, uid) == 0 else { throw .last("setresuid") }
    }

    /// Sets the real, effective and saved group id. The corresponding system call is `setresgid`.
    public static func setGroup(_ gid: UInt32) throws(SystemError) {
        guard c_setresgid(gid, gid, gid) == 0 else { throw .last("setresgid") }
    }

    /// Sets all user and group ids to 0 after the caller has entered a user namespace, where its former ids may have no mapping.
    /// If the namespace maps no root, the caller goes on with its capabilities alone. See user_namespaces(7).
    public static func becomeMappedRoot() throws(SystemError) {
        do throws(SystemError) {
            try setGroup(0)
            try setUser(0)
        } catch  where error.errno == .EINVAL {}
    }

    /// Sets whether the permitted capabilities are kept when all user ids change from 0 to others (`PR_SET_KEEPCAPS`).
    public static func keepCapabilities(_ keep: Bool) throws(SystemError) {
        guard c_prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0) == 0 else { throw .last("prctl") }
    }

    /// Makes sure that execve(2) can't grant rights any more, by a set-user-ID program for instance (`PR_SET_NO_NEW_PRIVS`),
    /// and checks that the kernel has set the flag.
    public static func forbidNewPrivileges() throws(SystemError) {
        guard c_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 else { throw .last("prctl") }
        guard c_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 else { throw SystemError("prctl", errno: .EPERM) }
    }
}

/// The calling process's user and group.
extension Credentials {
    /// The real user id. The corresponding system call is `getuid`.
    public static var user: UInt32 { getuid() }
    /// The real group id. The corresponding system call is `getgid`.
    public static var group: UInt32 { getgid() }
    /// The effective group id. The corresponding system call is `getegid`.
    public static var effectiveGroup: UInt32 { getegid() }
    /// The effective user id. The corresponding system call is `geteuid`.
    public static var effectiveUser: UInt32 { geteuid() }
}
