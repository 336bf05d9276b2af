import Bytes
import Cgroups
import Errors
import Linux
import OCI

extension CgroupRecord {
    /// Removes the part of the cgroup that was made for the container.
    ///
    /// - Parameter endingProcesses: Whether to kill the processes in the cgroup. True if the container has had a process:
    ///   others can outlive the first one if the container has no pid namespace of its own, or if `exec` brought them in. If
    ///   the container never had a process, those in the cgroup aren't its own: they may be why it was refused.
    /// - Throws: `timeout`, `cgroup` or `system` if something is left.
    func remove(endingProcesses: Bool) throws(RuntimeError) {
        step(.removeCgroup)
        let cgroup = try Cgroup(record: self)
        guard try cgroup.exists() else { return }
        if endingProcesses { try cgroup.endProcesses() }
        try cgroup.remove(within: 10_000)
    }

    /// Kills the processes in the cgroup, if it exists.
    func endProcesses() throws(RuntimeError) {
        let cgroup = try Cgroup(record: self)
        if try cgroup.exists() { try cgroup.endProcesses() }
    }

    /// Writes the members that `init(_:)` reads.
    func write(to json: inout JSONWriter) {
        json.member("path", path)
        json.member("groups", text)
    }

    /// Reads the members that `write(to:)` wrote: nil if they're damaged.
    init?(_ json: JSONValue) {
        guard let path = json["path"]?.string, let list = json["groups"] else { return nil }
        if let text = list.string {
            self.init(path: path, text: text)
        } else {
            guard let groups = CgroupRecord.groups(ofEarlierVersion: list) else { return nil }
            self.init(path: path, groups: groups)
        }
    }

    /// Records of versions 1 and 2 have an object for each group.
    private static func groups(ofEarlierVersion list: JSONValue) -> [Group]? {
        guard list.kind == .array else { return nil }
        var groups: [Group] = []
        for entry in list.elements {
            guard let mountPoint = entry["mountPoint"]?.string, mountPoint.hasPrefix("/"),
                let subsystems = entry["subsystems"]?.string,
                let existing = entry["existing"].map({ $0.integer(as: Int.self) }) ?? 0, existing >= 0
            else { return nil }
            groups.append(Group(mountPoint: mountPoint, subsystems: subsystems, existing: existing))
        }
        return groups
    }
}

extension Cgroup {
    fileprivate func endProcesses() throws(RuntimeError) {
        if !(try processes().isEmpty) { try kill(Signal.kill) }
    }
}
