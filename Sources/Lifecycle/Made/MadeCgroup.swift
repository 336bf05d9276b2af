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
        json.array("groups") { json in
            for group in groups {
                json.object { json in
                    json.member("mountPoint", group.mountPoint)
                    json.member("subsystems", group.subsystems)
                    // Usually 0. Every command reads the record, so it's kept short.
                    if group.existing > 0 { json.member("existing", group.existing) }
                }
            }
        }
    }

    /// Reads the members that `write(to:)` wrote: nil if they're damaged.
    init?(_ json: JSONValue) {
        guard let path = json["path"]?.string, let list = json["groups"], list.kind == .array else { return nil }
        var groups: [CgroupRecord.Group] = []
        for entry in list.elements {
            guard let mountPoint = entry["mountPoint"]?.string, mountPoint.hasPrefix("/"),
                let subsystems = entry["subsystems"]?.string
            else { return nil }
            var existing = 0
            if let number = entry["existing"] {
                guard let number = number.integer(as: Int.self), number >= 0 else { return nil }
                existing = number
            }
            groups.append(CgroupRecord.Group(mountPoint: mountPoint, subsystems: subsystems, existing: existing))
        }
        self.init(path: path, groups: groups)
    }
}

extension Cgroup {
    fileprivate func endProcesses() throws(RuntimeError) {
        if !(try processes().isEmpty) { try kill(Signal.kill) }
    }
}
