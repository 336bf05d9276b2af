import Bytes
import OCI

/// A rule about devices of one kind, in a form for both the files of v1 and the program of v2.
struct DeviceRule: Equatable, Sendable {
    enum Kind: Sendable { case block, character }

    var allow: Bool
    var kind: Kind
    /// nil stands for every number, as in `minor`.
    var major: UInt32?
    var minor: UInt32?
    var access: DeviceAccess

    /// The rule's index in the configuration; nil for the rules that every container has.
    var index: Int?

    /// Whether this rule matches every device that `other` matches.
    func covers(_ other: DeviceRule) -> Bool {
        kind == other.kind && (major == nil || major == other.major) && (minor == nil || minor == other.minor)
    }

    /// Whether both rules match a common device.
    func meets(_ other: DeviceRule) -> Bool {
        kind == other.kind && (major == nil || other.major == nil || major == other.major)
            && (minor == nil || other.minor == nil || minor == other.minor)
    }
}

/// Kinds of access to a device: BPF_DEVCG_ACC_… of linux/bpf.h.
struct DeviceAccess: OptionSet, Sendable {
    let rawValue: UInt32

    static let mknod = DeviceAccess(rawValue: 1)
    static let read = DeviceAccess(rawValue: 2)
    static let write = DeviceAccess(rawValue: 4)
    static let all: DeviceAccess = [.mknod, .read, .write]
}

/// All rules of a container. At first everything is denied. Then come the configuration's rules in their order, and then the
/// rules that allow the devices of every container.
///
/// The configuration can deny one of these devices by naming its number. The first rule of the engines' lists, which denies
/// everything, names none, so /dev/null stays allowed.
struct DeviceRules: Sendable {
    /// An entry of the list.
    enum Entry: Sendable {
        /// A new default, which makes all entries before it meaningless.
        case reset(allow: Bool, index: Int?)
        case rule(DeviceRule)
    }

    let entries: [Entry]

    static func complete(_ listed: [Resources.DeviceRule]) -> DeviceRules {
        // Without this entry, everything that the parent allows would be allowed, and rules could only take devices away:
        // GHSA-g54h-m393-cpwq.
        var entries: [Entry] = [.reset(allow: false, index: nil)]
        // The configuration's rules that take precedence over the rules for every container's devices.
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
            // v1's files ignore everything after "a" and apply the line to all devices and every access. So a rule for both
            // kinds becomes two rules.
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

    /// The rules that every container has. They allow making any device node, which doesn't allow opening it. They allow the
    /// devices of config-linux.md, "Default Devices", pseudoterminals and /dev/net/tun. They don't allow 5:1: in a container
    /// without its own terminal, that is the host's console.
    private static func everyContainers(besides entries: [Entry], _ named: [DeviceRule]) -> [DeviceRule] {
        var rules: [DeviceRule] = []
        // If the configuration allows everything at first, its later rules may deny the making of a node, so no rule is added.
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
    /// This default rule after `named`, the configuration's rules for the same devices. If several match a device, the last
    /// one decides.
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

    /// This rule, restricted to the devices that `other` matches as well.
    private func within(_ other: DeviceRule) -> DeviceRule {
        var rule = self
        rule.major = major ?? other.major
        rule.minor = minor ?? other.minor
        return rule
    }
}
