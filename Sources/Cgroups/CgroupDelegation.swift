import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Makes a user of the host the owner of the v2 cgroup, so that the user's processes in the container can make cgroups
    /// below it: config-linux.md, "Cgroup ownership".
    ///
    /// Call this only for a container with a new cgroup namespace and a writable cgroup mount. On a host that has hierarchies
    /// of v1 nothing is done: giving away a v1 cgroup isn't safe.
    ///
    /// - Parameter uid: the user's id on the host.
    /// - Throws: `cgroup` if the owner can't be changed.
    public func delegate(to uid: UInt32) throws(RuntimeError) {
        guard isUnified, let group = groups.first else { return }
        try explaining(.cgroup, "can't give the cgroup to user " + String(uid), path: group.place()) { () throws(SystemError) in
            try group.directory().give(to: uid)
        }
    }
}

extension CgroupDirectory {
    /// Makes a user of the host the owner of the cgroup's directory, and of those files in it that may be given away.
    func give(to uid: UInt32) throws(SystemError) {
        try changeOwner(of: "", to: uid)
        for file in try CgroupDirectory.delegatedFiles() {
            do throws(SystemError) {
                try changeOwner(of: file, to: uid)
            } catch {
                // Not every cgroup has each of these files.
                if error.errno != .ENOENT { throw error }
            }
        }
    }

    /// The files that the user may own. With any other file, the container could lift its own limits.
    private static func delegatedFiles() throws(SystemError) -> [ByteString] {
        do throws(SystemError) {
            let text = try FileDescriptor.open("/sys/kernel/cgroup/delegate", flags: .readOnly).readAll(limit: 64 * 1024)
            return ByteString(text).words.filter { !$0.contains(UInt8(ascii: "/")) }
        } catch {
            guard error.errno == .ENOENT else { throw error }
            return ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]
        }
    }

    /// Changes the owner of a file in the cgroup, or of the cgroup's directory if the name is empty: fchownat(2).
    private func changeOwner(of file: ByteString, to uid: UInt32) throws(SystemError) {
        try descriptor.setOwner(of: file, user: uid)
    }
}
