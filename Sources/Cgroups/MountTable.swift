import Bytes
import Errors
import Linux

/// The search for cgroup v1 hierarchies that are mounted in unusual places: proc_pid_mountinfo(5).
enum MountTable {
    static func hierarchies(of wanted: [ByteString], procfs: borrowing ProcFileSystem) throws(RuntimeError) -> [Hierarchy] {
        let table: [UInt8]
        do throws(SystemError) {
            table = try procfs.read(ByteString(decimal: OwnProcess.pid) + "/mountinfo", limit: 64 << 20)
        } catch {
            throw RuntimeError(.cgroup, "can't read the mount table", error, path: "/proc/self/mountinfo")
        }
        let mounts = cgroup1Mounts(in: table)
        var found: [Hierarchy] = []
        for subsystems in wanted {
            let controllers = Hierarchy.controllers(of: subsystems)
            for mount in mounts where !controllers.isEmpty && mount.controllers.isSuperset(of: controllers) {
                guard let root = try CgroupHost.directory(mount.place, at: FileDescriptor.workingDirectory, shownAs: mount.place)
                else { continue }
                found.append(Hierarchy(version: .v1, subsystems: subsystems, mountPoint: mount.place, root: root))
                break
            }
        }
        return found
    }

    /// The mounts of type cgroup. The latest mount comes first, because it hides earlier mounts in the same place.
    static func cgroup1Mounts(in table: [UInt8]) -> [(place: ByteString, controllers: ControllerSet)] {
        var mounts: [(place: ByteString, controllers: ControllerSet)] = []
        for entry in MountTableEntry.parse(table) where entry.type == "cgroup" {
            let options = entry.options.split(separator: UInt8(ascii: ","))
            mounts.append((entry.place, ControllerSet(names: options, unified: false)))
        }
        return mounts.reversed()
    }
}
