import Bytes
import Errors
import Linux
import OCI

/// One entry of `mounts`, taken apart: what is mounted, where, and how.
struct MountStep: Sendable {
    enum Kind: Sendable {
        /// A copy of what the host has at this absolute path.
        case bind(source: ByteString, recursive: Bool)
        case fileSystem(type: ByteString)
        /// The container's own cgroups: on a host with cgroup v1 those trees, or with type cgroup2 the v2 tree beside them.
        case cgroup(onlyUnified: Bool)
        /// What is mounted already gets other attributes.
        case remount
    }

    /// The place in `/mounts`.
    let index: Int
    /// Absolute, without "." and empty components.
    let destination: ByteString
    let kind: Kind
    var source: ByteString?
    var attributes = MountAttributes()
    var recursiveAttributes = MountAttributes()
    /// Names that fsconfig(2) takes without a value.
    var flags: [ByteString] = []
    var data: [(key: ByteString, value: ByteString)] = []
    var propagation: [(kind: MountPropagation, recursive: Bool)] = []
    var copiesUp = false
    /// The mapping that is put on the mount, with its user namespace made of these or taken from the container.
    var idMapping: (uids: [IDMapping], gids: [IDMapping], recursive: Bool)?

    var pointer: String { "/mounts/" + String(index) }

    /// For error messages: `/mounts/3 (/data)`.
    var label: String { pointer + " (" + destination.displayText + ")" }

    /// For a mount of ours that has others below it: what holds for it, and for all.
    var allAttributes: MountAttributes {
        var all = attributes
        all.apply(recursiveAttributes)
        return all
    }

    /// A tmpfs becomes read-only only when all is mounted: later entries and devices have their mount points in it.
    var isReadOnlyLate: Bool {
        guard case .fileSystem(let type) = kind, type == "tmpfs" else { return false }
        return attributes.set.contains(.readOnly)
    }

    var hasMode: Bool { data.contains { $0.key == "mode" } }

    /// A tmpfs over a folder of the image's takes its place: who was kept out of that is kept out still.
    var keepsModeOfMountPoint: Bool {
        guard case .fileSystem(let type) = kind else { return false }
        return type == "tmpfs" && !hasMode
    }

    init(_ mount: Mount, index: Int, bundle: ByteString, warnings: inout [String]) throws(RuntimeError) {
        var bind: Bool?
        var isRemount = false
        var attributes = MountAttributes()
        var recursive = MountAttributes()
        self.index = index
        let destination = ContainerPath.absolute(mount.destination)
        self.destination = destination
        let label = "/mounts/" + String(index)
        for option in mount.options {
            switch MountOption.named(option) {
            case .attributes(let change): attributes.apply(change)
            case .recursiveAttributes(let change): recursive.apply(change)
            case .fileSystem(let name): flags.append(ByteString(stringLiteral: name))
            case .propagation(let kind, let recursive): propagation.append((kind, recursive))
            case .bind(let all): bind = all || bind == true
            case .remount: isRemount = true
            case .copyUp: copiesUp = true
            case .mapIDs(let recursive): idMapping = (mount.uidMappings, mount.gidMappings, recursive)
            case .withoutRelativeAccessTime(false): attributes.dropRelativeAccessTime()
            case .withoutRelativeAccessTime(true): recursive.dropRelativeAccessTime()
            case .nothing: break
            case .refusedValue:
                throw RuntimeError(
                    .invalidConfig, "the option \"" + option.displayText + "\" has a value that it doesn't take",
                    pointer: label + "/options",
                    hint: "ro, nosuid, nodev and their like take \"recursive\"; other options of a mount take none")
            case nil:
                if let (key, value) = option.splitOnce(separator: UInt8(ascii: "=")) {
                    data.append((key, value))
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
            // mount(8): with "bind" it's about the mount alone. The file system may be one of the host's.
            if bind != nil { dropFileSystemOptions("when a bind mount is remounted", &warnings) }
        } else if bind != nil || mount.type == "bind" || mount.type == "rbind" {
            guard let source = mount.source, !source.isEmpty else {
                throw RuntimeError(.invalidConfig, "a bind mount needs a source", pointer: label + "/source")
            }
            // "bind" as a type alone is what older tools write for a recursive one.
            kind = .bind(
                source: source.hasPrefix("/") ? source : bundle + "/" + source, recursive: bind ?? true)
            // mount(2) ignores them for a bind mount, and the specification hands unknown options to it.
            dropFileSystemOptions("on a bind mount", &warnings)
        } else if let type = mount.type, !type.isEmpty {
            if type == "cgroup" || type == "cgroup2" {
                kind = .cgroup(onlyUnified: type == "cgroup2")
                // They would hold for the whole host.
                dropFileSystemOptions("on a mount of cgroups", &warnings)
            } else {
                kind = .fileSystem(type: type)
            }
        } else {
            throw RuntimeError(
                .invalidConfig, "neither a type nor the option bind", pointer: label,
                hint: "give a \"type\" such as tmpfs, or put \"rbind\" into \"options\"")
        }
        try check(mount)
    }

    /// Leaves out the options that would change a file system, and says which.
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
            guard case .bind = kind else {
                throw RuntimeError(.unsupported, "only bind mounts can have an id mapping", pointer: pointer + "/uidMappings")
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
    /// A later option takes back an earlier one.
    mutating func apply(_ change: MountAttributes) {
        set = set.subtracting(change.clear).union(change.set)
        clear = clear.subtracting(change.set).union(change.clear)
    }

    fileprivate mutating func dropRelativeAccessTime() {
        if set.isDisjoint(with: .accessTimes) { clear.subtract(.accessTimes) }
    }
}
