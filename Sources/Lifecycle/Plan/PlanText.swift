import Bytes
import Cgroups
import Linux
import OCI

extension Plan {
    /// The plan in words: a line for each thing that is going to be made or set, roughly in the order of the work.
    var lines: [String] {
        var lines = ["container " + identity.id.displayText + " of bundle " + identity.bundle.displayText]
        lines += cgroup?.lines ?? ["no cgroup"]
        if let resctrl {
            lines.append("resctrl group " + resctrl.group.displayText)
            lines += resctrl.schemata.map { "resctrl schema " + $0.line.displayText }
        }
        lines += namespaces.lines
        lines += idMappings.lines
        lines += rootfs.lines
        for device in netDevices {
            lines.append(
                "network device " + device.host.text.displayText
                    + (device.name.map { ", in the container " + $0.text.displayText } ?? ""))
        }
        for entry in sysctls { lines.append("sysctl " + entry.path.displayText + " = " + entry.value.displayText) }
        if let hostname { lines.append("host name " + hostname.displayText) }
        if let domainname { lines.append("domain name " + domainname.displayText) }
        lines += hooks.lines
        lines += process?.lines ?? ["no process: the container can't be started"]
        return lines
    }
}

extension CgroupPlan {
    fileprivate var lines: [String] {
        [(unit == nil ? "cgroup " : "cgroup of a systemd unit ") + path.relative.displayText]
            + resources.lines.map { "cgroup file " + $0 }
            + (owner.map { ["cgroup owner " + String($0)] } ?? [])
    }
}

extension NamespacePlan {
    fileprivate var lines: [String] {
        let made = Namespace.Kind.allCases.filter { origin(of: $0) == .new }.map { "new " + $0.name.description + " namespace" }
        return made + joins.map { $0.kind.name.description + " namespace of " + $0.path.displayText }
    }
}

extension IDMappings {
    fileprivate var lines: [String] {
        uids.map { "user ids " + $0.words } + gids.map { "group ids " + $0.words }
    }
}

extension IDMapping {
    fileprivate var words: String {
        String(containerID) + " to " + String(UInt64(containerID) + UInt64(size) - 1) + " are the host's from " + String(hostID)
    }
}

extension RootfsPlan {
    fileprivate var lines: [String] {
        var lines = ["root file system " + path.displayText + (isReadOnly ? ", read-only" : "")]
        lines += mounts.map { $0.line }
        if !bindsDev { lines += devices.map { "device " + $0.path.displayText } }
        lines += readonlyPaths.map { "read-only path " + $0.displayText }
        lines += maskedPaths.map { "masked path " + $0.displayText }
        return lines
    }
}

extension MountStep {
    fileprivate var line: String {
        let what =
            switch kind {
            case .bind(let source, let recursive): (recursive ? "rbind of " : "bind of ") + source.displayText
            case .fileSystem(let type): type.displayText
            case .cgroup(let onlyUnified): onlyUnified ? "cgroup2" : "cgroup"
            case .remount: "remount"
            }
        let isReadOnly = allAttributes.set.contains(.readOnly)
        return "mount on " + destination.displayText + ": " + what + (isReadOnly ? ", read-only" : "")
    }
}

extension Hooks {
    fileprivate var lines: [String] {
        let kinds: [(StaticString, [Hook])] = [
            ("prestart", prestart), ("createRuntime", createRuntime), ("createContainer", createContainer),
            ("startContainer", startContainer), ("poststart", poststart), ("poststop", poststop),
        ]
        return kinds.flatMap { kind, list in list.map { kind.description + " hook " + $0.path.displayText } }
    }
}

extension ProcessPlan {
    fileprivate var lines: [String] {
        var lines = ["process " + (spec.args.first?.displayText ?? "") + " in " + spec.cwd.displayText]
        lines.append("user " + String(spec.user.uid) + ", group " + String(spec.user.gid))
        let names = (0..<64).filter { capabilities.bounding.contains($0) }.map {
            CapabilitySet.name(of: $0)?.displayText ?? String($0)
        }
        lines.append(names.isEmpty ? "no capabilities" : "bounding capabilities" + names.reduce("") { $0 + " " + $1 })
        if spec.noNewPrivileges { lines.append("no new privileges") }
        if filter != nil { lines.append(listener == nil ? "seccomp filter" : "seccomp filter with an agent") }
        if spec.terminal { lines.append("terminal") }
        return lines
    }
}
