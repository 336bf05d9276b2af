import Bytes
import Cgroups
import Linux
import OCI
import Seccomp
import Systemd

// What the plan says, for `check` and for `--debug`: all but the environment, in which there may be secrets.

extension Plan {
    /// The plan as tables. Those without a row are left out.
    ///
    /// - Parameter config: The configuration, for texts that the plan has decoded.
    /// - Returns: The tables, in the order of the work.
    func sections(_ config: Config) -> [PlanSection] {
        var sections = [containerSection(config), namespaces.section, idMappings.section, rootfs.section(config)]
        if !rootfs.bindsDev { sections.append(rootfs.deviceSection) }
        sections += [rootfs.hiddenSection, sysctlSection, netDeviceSection]
        if let cgroup { sections += [cgroup.section] + (cgroup.unit.map { [$0.section] } ?? []) }
        if let resctrl { sections.append(resctrl.section) }
        if let process { sections += process.sections(config) }
        sections.append(hooks.section)
        return sections.filter { !$0.rows.isEmpty }
    }

    /// The tables as lines.
    func lines(_ config: Config) -> [String] {
        var lines = ["container " + identity.id.displayText + " of bundle " + identity.bundle.displayText]
        for section in sections(config) {
            for row in section.rows { lines.append(section.name.description + ": " + row.joined(UInt8(ascii: " ")).displayText) }
        }
        return lines
    }

    private func containerSection(_ config: Config) -> PlanSection {
        let section = PlanSection("container", "property value")
        section.add("ociVersion", config.ociVersion)
        section.add("root", rootfs.path)
        section.add("rootReadonly", rootfs.isReadOnly ? "yes" : nil)
        section.add("hostname", hostname)
        section.add("domainname", domainname)
        return section
    }

    private var sysctlSection: PlanSection {
        let section = PlanSection("sysctls", "key value")
        for entry in sysctls { section.add([entry.key, entry.value]) }
        return section
    }

    private var netDeviceSection: PlanSection {
        let section = PlanSection("netDevices", "host name")
        for device in netDevices { section.add([device.host.text, (device.name ?? device.host).text]) }
        return section
    }
}

extension NamespacePlan {
    fileprivate var section: PlanSection {
        let section = PlanSection("namespaces", "type origin path")
        for kind in Namespace.Kind.allCases {
            let type = ByteString(stringLiteral: kind.name)
            if let join = joins.first(where: { $0.kind == kind }) {
                section.add([type, "joined", join.path])
            } else {
                section.add([type, new.contains(kind.flag) ? "new" : "inherited"])
            }
        }
        return section
    }
}

extension IDMappings {
    fileprivate var section: PlanSection {
        let section = PlanSection("idMappings", "kind container host size")
        for (index, mapping) in (uids + gids).enumerated() {
            let numbers = [mapping.containerID, mapping.hostID, mapping.size].map { ByteString(decimal: $0) }
            section.add([index < uids.count ? "uid" : "gid"] + numbers)
        }
        return section
    }
}

extension RootfsPlan {
    fileprivate func section(_ config: Config) -> PlanSection {
        let section = PlanSection("mounts", "destination what source options")
        for step in mounts {
            var source = step.source ?? ""
            let what: ByteString
            switch step.kind {
            case .bind(let path, let recursive): (what, source) = (recursive ? "rbind" : "bind", path)
            case .fileSystem(let type): what = type
            case .cgroup(let onlyUnified): what = onlyUnified ? "cgroup2" : "cgroup"
            case .remount: what = "remount"
            }
            // The plan has one mount that config.json hasn't got: for notifications.
            let options = step.index < config.mounts.count ? config.mounts[step.index].options : []
            section.add([step.destination, what, source, options.joined(UInt8(ascii: ","))])
        }
        return section
    }

    fileprivate var deviceSection: PlanSection {
        let section = PlanSection("devices", "path type number")
        for device in devices {
            let type: ByteString = device.kind == .character ? "c" : device.kind == .block ? "b" : "p"
            section.add([device.path, type, ByteString(decimal: device.major) + ":" + ByteString(decimal: device.minor)])
        }
        return section
    }

    fileprivate var hiddenSection: PlanSection {
        let section = PlanSection("hiddenPaths", "path how")
        for path in readonlyPaths { section.add([path, "read-only"]) }
        for path in maskedPaths { section.add([path, "masked"]) }
        return section
    }
}

extension CgroupPlan {
    fileprivate var section: PlanSection {
        let section = PlanSection("cgroup", "file value")
        section.add("path", "/" + path.relative)
        section.add("owner", number: owner.map { Int($0) })
        for line in resources.lines {
            let text = ByteString(line)
            let (file, value) = text.splitOnce(separator: UInt8(ascii: "=")) ?? (text, "")
            section.add([file.trimmed, value.trimmed])
        }
        return section
    }
}

extension UnitPlan {
    fileprivate var section: PlanSection {
        let section = PlanSection("unit", "property value")
        section.add("name", placement.unit)
        section.add("Slice", placement.slice)
        for property in annotated + limits + lateLimits { section.add([property.name, property.value.text]) }
        return section
    }
}

extension UnitProperty.Value {
    fileprivate var text: ByteString {
        switch self {
        case .boolean(let value): value ? "true" : "false"
        case .int32(let number): ByteString(decimal: number)
        case .uint32(let number): ByteString(decimal: number)
        case .uint64(let number): number == .max ? "infinity" : ByteString(decimal: number)
        case .string(let text): text
        case .strings(let texts): texts.joined(UInt8(ascii: " "))
        case .uint32s(let numbers): numbers.map { ByteString(decimal: $0) }.joined(UInt8(ascii: " "))
        case .limits(let limits): limits.map { $0.name + " " + ByteString(decimal: $0.value) }.joined(UInt8(ascii: ","))
        case .pairs(let pairs): pairs.map { $0.first + " " + $0.second }.joined(UInt8(ascii: ","))
        // A set of processors or memory nodes: the file of the cgroup has the same set as a list.
        case .bytes(let bytes): ByteString(hexadecimal: bytes)
        }
    }
}

extension ResctrlPlan {
    fileprivate var section: PlanSection {
        let section = PlanSection("resctrl", "property value")
        section.add("group", group)
        for schema in schemata { section.add("schema", schema.line) }
        return section
    }
}

extension ProcessPlan {
    fileprivate func sections(_ config: Config) -> [PlanSection] {
        [section, capabilities.section, limitSection] + (filter.map { [$0.section(config.linux.seccomp)] } ?? [])
    }

    private var section: PlanSection {
        let section = PlanSection("process", "property value")
        section.add("program", spec.args.first)
        section.add("cwd", spec.cwd)
        section.add("uid", number: Int(spec.user.uid))
        section.add("gid", number: Int(spec.user.gid))
        let groups = spec.user.additionalGids.map { ByteString(decimal: $0) }.joined(UInt8(ascii: " "))
        section.add("groups", keepsGroups ? "the caller's" : groups)
        section.add("noNewPrivileges", spec.noNewPrivileges ? "yes" : "no")
        section.add("apparmorProfile", spec.apparmorProfile)
        section.add("selinuxLabel", spec.selinuxLabel)
        section.add("oomScoreAdj", number: spec.oomScoreAdj.map { Int($0) })
        section.add("terminal", spec.terminal ? "yes" : nil)
        return section
    }

    private var limitSection: PlanSection {
        let section = PlanSection("rlimits", "type soft hard")
        for limit in spec.rlimits {
            let numbers = [limit.soft, limit.hard].map { $0 == .max ? "unlimited" : ByteString(decimal: $0) }
            section.add([SpecificationNames.name(of: limit.resource)] + numbers)
        }
        return section
    }
}

extension CapabilityPlan {
    fileprivate var section: PlanSection {
        let section = PlanSection("capabilities", "set capabilities")
        section.add("bounding", bounding.names)
        section.add("effective", effective.names)
        section.add("permitted", permitted.names)
        section.add("inheritable", inheritable.names)
        section.add("ambient", ambient.names)
        return section
    }
}

extension CapabilitySet {
    @inline(never)
    fileprivate var names: ByteString {
        let names = (0..<64).filter { contains($0) }.map { CapabilitySet.name(of: $0) ?? ByteString(decimal: $0) }
        return names.isEmpty ? "none" : names.joined(UInt8(ascii: " "))
    }
}

extension SeccompProgram {
    fileprivate func section(_ profile: Seccomp?) -> PlanSection {
        let section = PlanSection("seccomp", "property value")
        section.add("calls", number: profile?.rules.reduce(0) { $0 + $1.names.count })
        section.add("leftOut", number: warnings.isEmpty ? nil : warnings.count)
        section.add("instructions", number: instructions.count / SystemCallFilter.instructionSize)
        section.add("defaultAction", profile?.defaultAnswer)
        section.add("newerCalls", answerToNewerCalls)
        section.add("agent", profile?.listenerPath)
        return section
    }
}

extension Hooks {
    fileprivate var section: PlanSection {
        let section = PlanSection("hooks", "when path timeout")
        for (kind, hooks) in byKind {
            for hook in hooks {
                let timeout = hook.timeout.map { ByteString(decimal: $0) + " s" }
                section.add([ByteString(stringLiteral: kind.name), hook.path, timeout ?? "none"])
            }
        }
        return section
    }
}
