import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Gives the v2 cgroup to a user of the host, so that who has that id inside can make cgroups below it: config-linux.md, "Cgroup
    /// ownership". To be called only where a new cgroup namespace and a writable cgroup mount are asked for. Does nothing on v1,
    /// where giving a cgroup away isn't safe.
    public func delegate(to uid: UInt32) throws(RuntimeError) {
        guard isUnified, let group = groups.first else { return }
        try explaining(.cgroup, "can't give the cgroup to user " + String(uid), path: group.place()) { () throws(SystemError) in
            let directory = try group.directory()
            try directory.changeOwner(of: "", to: uid)
            for file in try Cgroup.delegatedFiles() {
                do throws(SystemError) {
                    try directory.changeOwner(of: file, to: uid)
                } catch {
                    // Not each of them is in each cgroup.
                    if error.errno != .ENOENT { throw error }
                }
            }
        }
    }

    /// The files that may be given away: any other would let the container lift its own limits.
    private static func delegatedFiles() throws(SystemError) -> [ByteString] {
        do throws(SystemError) {
            let text = try FileDescriptor.open("/sys/kernel/cgroup/delegate", flags: .readOnly).readAll(limit: 64 * 1024)
            return ByteString(text).words.filter { !$0.contains(UInt8(ascii: "/")) }
        } catch {
            guard error.errno == .ENOENT else { throw error }
            return ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]
        }
    }
}

extension CgroupDirectory {
    /// Of the directory itself where the name is empty. The corresponding C function is `fchownat`.
    fileprivate func changeOwner(of file: ByteString, to uid: UInt32) throws(SystemError) {
        try descriptor.setOwner(of: file, user: uid)
    }
}
