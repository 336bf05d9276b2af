import Bytes
import Cgroups
import Errors
import Linux
import OCI

extension CgroupRecord {
    /// Removes what was made of the cgroup.
    ///
    /// `endingProcesses`: whether the container has had a process. Then others may have outlived the first: those without a pid namespace
    /// of their own, and those that `exec` brought in. Else the processes in there aren't the container's: they may be why it was refused.
    func remove(endingProcesses: Bool) throws(RuntimeError) {
        step(.removeCgroup)
        let cgroup = try Cgroup(record: self)
        guard try cgroup.exists() else { return }
        if endingProcesses, !(try cgroup.processes().isEmpty) { try cgroup.kill(Signal.kill) }
        try cgroup.remove(within: 10_000)
    }

    func write(to json: inout JSONWriter) {
        json.member("path", path)
        json.array("groups") { json in
            for group in groups {
                json.object { json in
                    json.member("mountPoint", group.mountPoint)
                    json.member("subsystems", group.subsystems)
                    json.member("existing", group.existing)
                }
            }
        }
    }

    init?(_ json: JSONValue) {
        guard let path = json["path"]?.string, let list = json["groups"] else { return nil }
        var groups: [CgroupRecord.Group] = []
        for entry in list.elements {
            guard let mountPoint = entry["mountPoint"]?.string, let subsystems = entry["subsystems"]?.string,
                let existing = entry["existing"]?.integer(as: Int.self)
            else { return nil }
            groups.append(CgroupRecord.Group(mountPoint: mountPoint, subsystems: subsystems, existing: existing))
        }
        self.init(path: path, groups: groups)
    }
}
