public import Bytes
public import Errors
import Linux

/// A container's cgroup: one directory in each of the host's hierarchies.
public final class Cgroup {
    /// What to do if the caller isn't allowed to make cgroups.
    public enum Access: Sendable {
        /// Fail.
        case required
        /// Make the container without a cgroup, unless the configuration sets a limit: for rootless containers.
        case optional
    }

    /// The path of the cgroup below the mount point of each hierarchy.
    public let path: CgroupPath

    let access: Access

    /// The number of the path's components that lead to the cgroup of the container's unit; nil without a unit. systemd has made
    /// this directory before `create`, and it belongs to the container nevertheless. The directories above it belong to systemd.
    let unitDepth: Int?

    /// The cgroup's directories, one for each hierarchy.
    var groups: [Group]

    /// Whether the cgroup is a single directory, on a host with cgroup v2 alone.
    let isUnified: Bool

    /// Sentences for people about settings that had no effect.
    public internal(set) var warnings: [String] = []

    /// The error because of which a hierarchy was left out (`Access.optional`), or a controller wasn't handed down.
    var denied: SystemError?

    /// Plans a cgroup and finds out which part of its path exists already.
    ///
    /// Nothing is changed, so the caller can save `record` before `create` makes anything.
    ///
    /// - Parameters:
    ///   - host: the host's hierarchies.
    ///   - path: the path of the cgroup in each hierarchy.
    ///   - access: what to do if the caller isn't allowed to make cgroups.
    ///   - unitDepth: the number of the path's components that lead to the cgroup that systemd has made for the container's
    ///     unit; nil without a unit. Other hierarchies than systemd's may lack it.
    /// - Throws: `cgroup` if a hierarchy can't be searched.
    public init(host: CgroupHost, path: CgroupPath, access: Access = .required, unitDepth: Int? = nil) throws(RuntimeError) {
        self.path = path
        self.access = access
        self.unitDepth = unitDepth
        groups = host.hierarchies.map { Group($0, path: path) }
        isUnified = host.layout == .unified
        for group in groups {
            try survey(group)
            if let unitDepth { group.existing = min(group.existing, unitDepth - 1) }
        }
    }

    /// The cgroup of an existing container. Directories are opened only when they are needed.
    ///
    /// - Parameter record: the container's record.
    /// - Throws: `invalidConfig` if the record's path isn't the path of a cgroup.
    public init(record: CgroupRecord) throws(RuntimeError) {
        let path = try CgroupPath(text: record.path)
        self.path = path
        access = .required
        unitDepth = nil
        groups = record.groups.map { Group($0, path: path) }
        isUnified = groups.count == 1 && groups[0].version == .v2
    }

    /// The place of the cgroup, and which part of its path belongs to the container.
    public var record: CgroupRecord {
        CgroupRecord(
            path: path.relative,
            groups: groups.map { CgroupRecord.Group(mountPoint: $0.mountPoint, subsystems: $0.subsystems, existing: $0.existing) }
        )
    }

    /// Whether no hierarchy has the cgroup: the host has no hierarchies, or the caller isn't allowed to make cgroups.
    public var isNowhere: Bool { groups.isEmpty }

    /// Whether the cgroup's directory exists in any hierarchy.
    ///
    /// - Throws: `cgroup` if that can't be found out. To answer "no" would be wrong, because nobody would ever remove the
    ///   cgroup.
    public func exists() throws(RuntimeError) -> Bool {
        for group in groups {
            let place = group.place()
            let isThere = try explaining(.cgroup, "can't look for the cgroup", path: place, FileDescriptor.exists(place))
            if isThere { return true }
        }
        return false
    }

    /// Whether the cgroup's directory exists in every hierarchy.
    ///
    /// - Throws: `cgroup` if that can't be found out.
    public func isComplete() throws(RuntimeError) -> Bool {
        for group in groups {
            let place = group.place()
            guard try explaining(.cgroup, "can't look for the cgroup", path: place, FileDescriptor.exists(place)) else {
                return false
            }
        }
        return true
    }

    /// Whether the cgroup's directory existed before `create` in any hierarchy.
    public var stoodBefore: Bool { groups.contains { $0.existing == path.components.count } }

    /// The controllers of the cgroup's v1 hierarchies and of its v2 directory. Before `create` there are none of v2.
    public func controllers() throws(RuntimeError) -> ControllerLocations {
        var locations = ControllerLocations(v1: [], v2: [], filter: false)
        for group in groups {
            guard group.version == .v2 else {
                locations.v1.formUnion(group.controllers)
                continue
            }
            let names = try explaining(
                .cgroup, "can't read the cgroup's controllers", path: group.place(),
                group.directory().readIfPresent("cgroup.controllers"))
            locations.v2 = ControllerSet(names: names?.words ?? [], unified: true)
            locations.filter = true
        }
        return locations
    }

    /// The present contents of files, without the line end, from each hierarchy that has the file.
    ///
    /// - Parameter files: The names of the files.
    /// - Returns: The files that exist, and what is in them.
    /// - Throws: `cgroup` if a file can't be read.
    public func contents(of files: [ByteString]) throws(RuntimeError) -> [(file: ByteString, text: ByteString)] {
        var found: [(file: ByteString, text: ByteString)] = []
        for group in groups {
            for file in files {
                do throws(RuntimeError) {
                    let text = try explaining(
                        .cgroup, "can't read the cgroup's limits", path: group.place() + "/" + file,
                        group.directory().readIfPresent(file))
                    if let text { found.append((file, text.trimmed)) }
                } catch  where error.errno == .ENOENT && group.version == .v1 {
                    // systemd removes a container's cgroup from some hierarchies of v1.
                }
            }
        }
        return found
    }

    /// The group that has the controller. A controller is in only one hierarchy. So on a hybrid host, the v2 group is the
    /// answer only if no v1 hierarchy has the controller.
    func group(of controller: Controller) -> Group? {
        groups.first { $0.version == .v1 && $0.controllers.contains(controller) } ?? groups.first { $0.version == .v2 }
    }
}

/// The hierarchies in which controllers are available.
public struct ControllerLocations: Sendable {
    /// The controllers of v1 hierarchies.
    public var v1: ControllerSet
    /// The controllers of the v2 hierarchy.
    public var v2: ControllerSet
    /// Whether there is a v2 directory to which a device filter can be attached.
    public var filter: Bool

    /// The version of the hierarchy that has the controller; nil if no hierarchy has it.
    func version(of controller: Controller) -> Hierarchy.Version? {
        if v1.contains(controller) { return .v1 }
        if controller == .devices { return filter ? .v2 : nil }
        return v2.contains(controller) ? .v2 : nil
    }
}
