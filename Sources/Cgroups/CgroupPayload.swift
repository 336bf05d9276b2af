import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Makes a cgroup below the container's and moves the container's process there. The container's own cgroup hands all its
    /// controllers down, so that the container can divide them among more cgroups: one that has processes itself can't do so,
    /// cgroups(7), "No internal processes".
    ///
    /// - Parameters:
    ///   - path: The path of the new cgroup.
    ///   - pid: The process, in the caller's pid namespace.
    ///   - owner: The host's id of the user who gets to own the new cgroup; nil to leave it the caller's.
    /// - Throws: `cgroup` if there is no v2 cgroup, or if the new one can't be made or entered.
    public func makePayload(_ path: CgroupSubpath, for pid: Int32, owner: UInt32?) throws(RuntimeError) {
        guard let group = groups.first(where: { $0.version == .v2 }) else {
            throw RuntimeError(
                .cgroup, "the container has no cgroup of version 2, below which its process could get one",
                hint: Cgroup.hint(for: SystemError("mkdir", errno: .EACCES), version: .v2))
        }
        try explaining(
            .cgroup, "can't move the container's process into a cgroup below the container's",
            path: group.place() + "/" + path.text
        ) { () throws(SystemError) in
            let own = try group.directory()
            for count in 1...path.components.count {
                do throws(SystemError) {
                    try own.descriptor.makeDirectory(path.prefix(count), mode: 0o755)
                } catch  where error.errno == .EEXIST {}
            }
            let payload = try own.below(path.text)
            try payload.write("cgroup.procs", ByteString(decimal: pid))
            let controllers = try own.read("cgroup.controllers").words
            try enable(controllers, in: own)
            for count in 1..<path.components.count { try enable(controllers, in: own.below(path.prefix(count))) }
            if let owner { try payload.give(to: owner) }
        }
    }
}

extension CgroupDirectory {
    fileprivate func below(_ relative: ByteString) throws(SystemError) -> CgroupDirectory {
        CgroupDirectory(path: path + "/" + relative, descriptor: try descriptor.openCgroup(relative))
    }
}
