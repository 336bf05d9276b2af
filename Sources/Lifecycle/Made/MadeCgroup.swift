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
            for group in groups { json.element(group.text) }
        }
    }

    /// Reads the members that `write(to:)` wrote: nil if they're damaged.
    init?(_ json: JSONValue) {
        guard let path = json["path"]?.string, let list = json["groups"], list.kind == .array else { return nil }
        var groups: [CgroupRecord.Group] = []
        for entry in list.elements {
            guard let group = CgroupRecord.Group(entry) else { return nil }
            groups.append(group)
        }
        self.init(path: path, groups: groups)
    }
}

extension CgroupRecord.Group {
    /// One text of three words, such as "0 cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct": every command reads the record, and on a
    /// host with cgroup v1 it has a dozen of them.
    fileprivate var text: ByteString { ByteString(decimal: existing) + " " + subsystems + " " + mountPoint }

    fileprivate init?(_ json: JSONValue) {
        guard let text = json.string else {
            // Records of version 1 have objects.
            self.init(
                mountPoint: json["mountPoint"]?.string, json["subsystems"]?.string, existing: json["existing"]?.number ?? "0")
            return
        }
        // Only the last word, the mount point, may have spaces.
        guard let (existing, rest) = text.splitOnce(separator: UInt8(ascii: " ")),
            let (subsystems, mountPoint) = rest.splitOnce(separator: UInt8(ascii: " "))
        else { return nil }
        self.init(mountPoint: mountPoint, subsystems, existing: existing)
    }

    private init?(mountPoint: ByteString?, _ subsystems: ByteString?, existing: ByteString) {
        guard let mountPoint, mountPoint.hasPrefix("/"), let subsystems, let existing = existing.decimal(as: Int.self),
            existing >= 0
        else { return nil }
        self.init(mountPoint: mountPoint, subsystems: subsystems, existing: existing)
    }
}

extension Cgroup {
    fileprivate func endProcesses() throws(RuntimeError) {
        if !(try processes().isEmpty) { try kill(Signal.kill) }
    }
}
