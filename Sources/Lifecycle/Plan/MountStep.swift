import Bytes
import Errors
import Linux
import OCI

/// One entry of `mounts` with its options decoded: what is mounted, where, and how.
struct MountStep: Sendable {
    enum Kind: Sendable {
        /// A copy of the host's mount tree at this absolute path.
        case bind(source: ByteString, recursive: Bool)
        case fileSystem(type: ByteString)
        /// The container's own cgroups. On a host with cgroup v1 these are the v1 hierarchies, or with type cgroup2 only the v2
        /// hierarchy beside them.
        case cgroup(onlyUnified: Bool)
        /// Other attributes for a mount that exists already.
        case remount
    }

    /// The index of the entry in `/mounts`.
    let index: Int
    /// The absolute path in the container, without "..", "." and empty components.
    let destination: ByteString
    let kind: Kind
    var source: ByteString?
    var attributes = MountAttributes()
    var recursiveAttributes = MountAttributes()
    /// Options of the file system without a value: fsconfig(2), `FSCONFIG_SET_FLAG`.
    var flags: [ByteString] = []
    /// Options of the file system with a value: fsconfig(2), `FSCONFIG_SET_STRING`.
    var data: [(key: ByteString, value: ByteString)] = []
    var propagation: [(kind: MountPropagation, recursive: Bool)] = []
    var copiesUp = false
    /// The SELinux label of a file system that is made for this entry.
    var mountLabel: MountLabel?
    /// The id mapping of the mount. Empty lists stand for the container's own mappings.
    var idMapping: (uids: [IDMapping], gids: [IDMapping], recursive: Bool)?

    /// Whether the process that performs this must be in the container's cgroup: to find the cgroup, or because copied files
    /// take memory, for which the container's limit counts.
    var needsCgroup: Bool {
        if case .cgroup = kind { return true }
        return copiesUp
    }

    /// The variable that asks for this mount, in place of an entry of config.json; nil if there is an entry.
    var variable: ByteString?

    /// The JSON pointer of the entry, or the name of the variable.
    var pointer: String { variable?.displayText ?? "/mounts/" + String(index) }

    /// For error messages: `/mounts/3 (/data)`.
    var label: String { pointer + " (" + destination.displayText + ")" }

    /// `attributes` and `recursiveAttributes` together, for a mount that wherry composes itself and that has mounts below it.
    var allAttributes: MountAttributes {
        var all = attributes
        all.apply(recursiveAttributes)
        return all
    }

    /// Whether the mount becomes read-only only after everything is mounted. This holds for a tmpfs: mount points of later
    /// entries, and devices, are made in it.
    var isReadOnlyLate: Bool {
        guard case .fileSystem(let type) = kind, type == "tmpfs" else { return false }
        return attributes.set.contains(.readOnly)
    }

    var hasMode: Bool { data.contains { $0.key == "mode" } }

    /// Whether the mount gets the mode of the folder that it covers. This holds for a tmpfs without a mode of its own: users
    /// who had no access to the folder mustn't get any.
    var keepsModeOfMountPoint: Bool {
        guard case .fileSystem(let type) = kind else { return false }
        return type == "tmpfs" && !hasMode
    }

    /// Decodes an entry of `mounts`.
    ///
    /// - Parameters:
    ///   - mount: The entry.
    ///   - index: Its index in `/mounts`.
    ///   - bundle: The absolute path of the bundle, from which relative sources count.
    ///   - container: The mappings of the container's user namespace.
    ///   - warnings: Gets a sentence for each option that has no effect.
    /// - Throws: `invalidConfig` or `unsupported` for an entry that can't be mounted, or that mustn't be.
    init(_ mount: Mount, index: Int, bundle: ByteString, container: IDMappings, warnings: inout [String]) throws(RuntimeError) {
        var bind: Bool?
        var isRemount = false
        var attributes = MountAttributes()
        var recursive = MountAttributes()
        self.index = index
        let destination = ContainerPath.absolute(mount.destination)
        self.destination = destination
        // A function, because only errors need the text.
        func label() -> String { "/mounts/" + String(index) }
        for option in mount.options {
            switch MountOption.named(option) {
            case .attributes(let change): attributes.apply(change)
            case .recursiveAttributes(let change): recursive.apply(change)
            case .fileSystem(let name): flags.append(ByteString(stringLiteral: name))
            case .propagation(let kind, let recursive): propagation.append((kind, recursive))
            case .bind(let all): bind = all || bind == true
            case .remount: isRemount = true
            case .copyUp: copiesUp = true
            case .mapIDs(let recursive, nil): idMapping = (mount.uidMappings, mount.gidMappings, recursive)
            case .mapIDs(let recursive, let text?):
                guard let mapping = IDMapOption(text, in: container) else {
                    throw RuntimeError(
                        .invalidConfig, "the option \"" + option.displayText + "\" has no mappings that can be used",
                        pointer: label() + "/options",
                        hint: "write idmap=uids=0-1000-10;gids=0-1000-10: ids of the file system, ids of the host, how many; "
                            + "with @ before a triplet, ids that the container's user namespace maps")
                }
                idMapping = (mapping.uids, mapping.gids, recursive)
            case .withoutRelativeAccessTime(false): attributes.dropRelativeAccessTime()
            case .withoutRelativeAccessTime(true): recursive.dropRelativeAccessTime()
            case .nothing: break
            case .refusedValue:
                throw RuntimeError(
                    .invalidConfig, "the option \"" + option.displayText + "\" has a value that it doesn't take",
                    pointer: label() + "/options",
                    hint: "ro, nosuid, nodev and their like take \"recursive\"; other options of a mount take none")
            case nil:
                if let (key, value) = option.splitOnce(separator: UInt8(ascii: "=")) {
                    data.append((key, MountLabel.isKey(key) ? value.withoutQuotes() : value))
                } else if !option.isEmpty {
                    flags.append(option)
                }
            }
        }
        self.attributes = attributes
        recursiveAttributes = recursive
        if idMapping == nil, !mount.uidMappings.isEmpty { idMapping = (mount.uidMappings, mount.gidMappings, false) }
        source = mount.source
        if isRemount {
            kind = .remount
            // With "bind", a remount changes the mount only, as in mount(8). The file system may be one of the host's.
            if bind != nil { dropFileSystemOptions("when a bind mount is remounted", &warnings) }
        } else if bind != nil || mount.type == "bind" || mount.type == "rbind" {
            guard let source = mount.source, !source.isEmpty else {
                throw RuntimeError(.invalidConfig, "a bind mount needs a source", pointer: label() + "/source")
            }
            // Older tools ask for a recursive bind mount by the type "bind" alone.
            kind = .bind(
                source: source.hasPrefix("/") ? source : bundle + "/" + source, recursive: bind ?? true)
            // mount(2) ignores such options for a bind mount, and the specification passes unknown options on to mount(2).
            dropFileSystemOptions("on a bind mount", &warnings)
        } else if let type = mount.type, !type.isEmpty {
            if type == "cgroup" || type == "cgroup2" {
                kind = .cgroup(onlyUnified: type == "cgroup2")
                // They would change the cgroup file system of the whole host.
                dropFileSystemOptions("on a mount of cgroups", &warnings)
            } else {
                kind = .fileSystem(type: type)
            }
        } else {
            throw RuntimeError(
                .invalidConfig, "neither a type nor the option bind", pointer: label(),
                hint: "give a \"type\" such as tmpfs, or put \"rbind\" into \"options\"")
        }
        try check(mount)
    }

    /// Leaves out the options that would change a file system, and warns of each.
    private mutating func dropFileSystemOptions(_ where: String, _ warnings: inout [String]) {
        for option in flags + data.map({ $0.key + "=" + $0.value }) {
            warnings.append(pointer + "/options: \"" + option.displayText + "\" means nothing " + `where`)
        }
        flags = []
        data = []
    }

    private func check(_ mount: Mount) throws(RuntimeError) {
        if destination == "/" {
            throw RuntimeError(
                .invalidConfig, "a mount on / would hide the root file system", pointer: pointer + "/destination",
                hint: "set root.path instead")
        }
        if copiesUp {
            guard case .fileSystem(let type) = kind, type == "tmpfs" else {
                throw RuntimeError(.invalidConfig, "tmpcopyup is for mounts of type tmpfs", pointer: pointer + "/options")
            }
        }
        if idMapping != nil {
            switch kind {
            case .bind, .fileSystem: break
            case .cgroup, .remount:
                throw RuntimeError(
                    .unsupported, "cgroups and mounts that exist already can't have an id mapping",
                    pointer: pointer + "/uidMappings")
            }
        }
        guard ContainerPath.mayCover(destination) else {
            throw RuntimeError(
                .invalidConfig, destination.displayText + " is inside /proc: nothing may be mounted there",
                pointer: pointer + "/destination",
                hint:
                    "only /proc/cpuinfo, diskstats, meminfo, stat, swaps, uptime, loadavg, slabinfo, sys/kernel/ns_last_pid and "
                    + "sys/crypto/fips_enabled can be replaced")
        }
        if destination == "/proc" {
            switch kind {
            case .fileSystem(let type) where type == "proc": break
            case .bind, .remount: break
            default:
                throw RuntimeError(
                    .invalidConfig, "only a proc file system may be mounted on /proc", pointer: pointer + "/type")
            }
        }
    }

}

extension MountAttributes {
    /// Adds a later option, which overrides earlier ones.
    mutating func apply(_ change: MountAttributes) {
        set = set.subtracting(change.clear).union(change.set)
        clear = clear.subtracting(change.set).union(change.clear)
    }

    fileprivate mutating func dropRelativeAccessTime() {
        if set.isDisjoint(with: .accessTimes) { clear.subtract(.accessTimes) }
    }
}
