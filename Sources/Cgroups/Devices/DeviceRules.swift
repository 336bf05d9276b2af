import Bytes
import OCI

/// A rule on devices of one kind, as both the v1 files and the v2 program take it.
struct DeviceRule: Equatable, Sendable {
    enum Kind: Sendable { case block, character }

    var allow: Bool
    var kind: Kind
    /// nil is every number.
    var major: UInt32?
    var minor: UInt32?
    var access: DeviceAccess

    /// Where it stands in the configuration; nil for the rules that every container has.
    var index: Int?

    /// Whether every device that `other` is about is one that this rule is about.
    func covers(_ other: DeviceRule) -> Bool {
        kind == other.kind && (major == nil || major == other.major) && (minor == nil || minor == other.minor)
    }

    /// Whether there is a device that both are about.
    func meets(_ other: DeviceRule) -> Bool {
        kind == other.kind && (major == nil || other.major == nil || major == other.major)
            && (minor == nil || other.minor == nil || minor == other.minor)
    }
}

/// linux/bpf.h, BPF_DEVCG_ACC_….
struct DeviceAccess: OptionSet, Sendable {
    let rawValue: UInt32

    static let mknod = DeviceAccess(rawValue: 1)
    static let read = DeviceAccess(rawValue: 2)
    static let write = DeviceAccess(rawValue: 4)
    static let all: DeviceAccess = [.mknod, .read, .write]
}

/// The rules that a container ends up with: all is denied at first, then come the configuration's rules in their order, then the
/// devices that every container has, but for what the configuration denies by its number. The engines' lists begin with a rule that
/// denies everything: this one isn't about any device in particular, and leaves them their /dev/null.
struct DeviceRules: Sendable {
    /// One place in the list.
    enum Entry: Sendable {
        /// Everything before it counts no more.
        case reset(allow: Bool, index: Int?)
        case rule(DeviceRule)
    }

    let entries: [Entry]

    static func complete(_ listed: [Resources.DeviceRule]) -> DeviceRules {
        // Without this a list would only take from what the parent allows: GHSA-g54h-m393-cpwq.
        var entries: [Entry] = [.reset(allow: false, index: nil)]
        // Those that every container's devices give way to.
        var named: [DeviceRule] = []
        for (index, rule) in listed.enumerated() {
            var access: DeviceAccess = []
            if rule.read { access.insert(.read) }
            if rule.write { access.insert(.write) }
            if rule.mknod { access.insert(.mknod) }
            if rule.kind == .all, rule.major == nil, rule.minor == nil, access == .all {
                entries = [.reset(allow: rule.allow, index: index)]
                if rule.allow { named = [] }
                continue
            }
            // v1's files take "a" for all devices and every access whatever follows it.
            let kinds: [DeviceRule.Kind]
            switch rule.kind {
            case .all: kinds = [.block, .character]
            case .block: kinds = [.block]
            case .character: kinds = [.character]
            }
            for kind in kinds {
                let rule = DeviceRule(
                    allow: rule.allow, kind: kind, major: rule.major, minor: rule.minor, access: access, index: index)
                entries.append(.rule(rule))
                if rule.allow || rule.major != nil || rule.minor != nil { named.append(rule) }
            }
        }
        return DeviceRules(entries: entries + everyContainers(besides: entries, named).map { .rule($0) })
    }

    /// Making any node, which opens nothing, and the devices of config-linux.md, "Default Devices", with the terminals and
    /// /dev/net/tun. Not 5:1: that is the host's console to a container without a terminal of its own.
    private static func everyContainers(besides entries: [Entry], _ named: [DeviceRule]) -> [DeviceRule] {
        var rules: [DeviceRule] = []
        // Where everything is allowed at first, a later rule that denies the making of a node counts.
        if case .reset(allow: false, _)? = entries.first {
            rules = [.character, .block].map { DeviceRule(allow: true, kind: $0, access: .mknod) }
        }
        for (major, minor) in everyContainersNumbers {
            rules += DeviceRule(allow: true, kind: .character, major: major, minor: minor, access: .all).respecting(named)
        }
        return rules
    }

    private static let everyContainersNumbers: [(UInt32, UInt32?)] = [
        (1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (10, 200), (136, nil),
    ]
}

extension DeviceRule {
    /// This rule, which allows something, and what takes from it all that the last of `named` to be about a device denies.
    fileprivate func respecting(_ named: [DeviceRule]) -> [DeviceRule] {
        let others = named.filter { $0.meets(self) }
        guard others.contains(where: { !$0.allow }) else { return [self] }
        guard others.allSatisfy({ $0.covers(self) }) else { return [self] + others.map { $0.within(self) } }
        var rest = self
        for other in others {
            if other.allow { rest.access.formUnion(other.access) } else { rest.access.subtract(other.access) }
        }
        return rest.access.isEmpty ? [] : [rest]
    }

    /// The same on the devices alone that `other` is about, too.
    private func within(_ other: DeviceRule) -> DeviceRule {
        var rule = self
        rule.major = major ?? other.major
        rule.minor = minor ?? other.minor
        return rule
    }
}
