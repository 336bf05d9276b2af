import Bytes
public import Errors
import Linux

/// A container's cgroup: one directory in each of the host's hierarchies.
public final class Cgroup {
    /// What happens where the caller may not make cgroups.
    public enum Access: Sendable {
        /// It's an error.
        case required
        /// The container does without, as long as no limit was asked for: rootless containers.
        case optional
    }

    public let path: CgroupPath

    let access: Access

    var groups: [Group]

    /// Whether it has one directory for everything: cgroup v2 alone.
    let isUnified: Bool

    /// What was asked for and had no effect: sentences for people.
    public internal(set) var warnings: [String] = []

    /// Why hierarchies were left out, where `access` allows that.
    var denied: SystemError?

    /// Plans a cgroup, and finds out what of its path is there already. Changes nothing: `record` can be written to the journal
    /// before `create`.
    public init(host: CgroupHost, path: CgroupPath, access: Access = .required) throws(RuntimeError) {
        self.path = path
        self.access = access
        groups = host.hierarchies.map { Group($0, path: path) }
        isUnified = host.layout == .unified
        for group in groups {
            try survey(group)
        }
    }

    /// The cgroup of a container that exists. Nothing is opened until it's needed.
    public init(record: CgroupRecord) throws(RuntimeError) {
        let path = try CgroupPath(text: record.path)
        self.path = path
        access = .required
        groups = record.groups.map { Group($0, path: path) }
        isUnified = groups.count == 1 && groups[0].version == .v2
    }

    /// Where it is, and what of it is the container's own.
    public var record: CgroupRecord {
        CgroupRecord(
            path: path.relative,
            groups: groups.map { CgroupRecord.Group(mountPoint: $0.mountPoint, subsystems: $0.subsystems, existing: $0.existing) }
        )
    }

    /// Whether there is no hierarchy in which it could be: the host has none, or the caller may make none.
    public var isNowhere: Bool { groups.isEmpty }

    /// Whether its directory is there in any hierarchy. What can't be found out is an error: a cgroup that is taken for gone is
    /// forgotten.
    public func exists() throws(RuntimeError) -> Bool {
        for group in groups {
            let place = group.place()
            let isThere = try explaining(.cgroup, "can't look for the cgroup", path: place, FileDescriptor.exists(place))
            if isThere { return true }
        }
        return false
    }

    /// Whether it, or a part of it, was there before `create`.
    public var stoodBefore: Bool { groups.contains { $0.existing == path.components.count } }

    /// The controllers in its v1 hierarchies, and those that its v2 directory has; none of v2 before `create`.
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

    /// The group that has the controller: on a hybrid host v1 before v2, since a controller is only ever in one of them.
    func group(of controller: Controller) -> Group? {
        groups.first { $0.version == .v1 && $0.controllers.contains(controller) } ?? groups.first { $0.version == .v2 }
    }
}

/// Where controllers are to be had.
public struct ControllerLocations: Sendable {
    public var v1: ControllerSet
    public var v2: ControllerSet
    /// Whether there is a v2 directory to which a device filter can be attached.
    public var filter: Bool

    /// Nil where the controller isn't to be had.
    func version(of controller: Controller) -> Hierarchy.Version? {
        if v1.contains(controller) { return .v1 }
        if controller == .devices { return filter ? .v2 : nil }
        return v2.contains(controller) ? .v2 : nil
    }
}
