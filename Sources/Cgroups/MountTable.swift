import Bytes
import CLinux
import Errors
import Linux

/// The search for cgroup v1 hierarchies that aren't where they usually are: proc_pid_mountinfo(5).
enum MountTable {
    static func hierarchies(of wanted: [ByteString], procfs: borrowing ProcFileSystem) throws(RuntimeError) -> [Hierarchy] {
        let table: [UInt8]
        do throws(SystemError) {
            table = try procfs.read(ByteString(decimal: getpid()) + "/mountinfo", limit: 64 << 20)
        } catch {
            throw RuntimeError(.cgroup, "can't read the mount table", error, path: "/proc/self/mountinfo")
        }
        let mounts = cgroup1Mounts(in: table)
        var found: [Hierarchy] = []
        for subsystems in wanted {
            let controllers = Hierarchy.controllers(of: subsystems)
            for mount in mounts where !controllers.isEmpty && mount.controllers.isSuperset(of: controllers) {
                guard let root = try CgroupHost.directory(mount.place, at: AT_FDCWD, shownAs: mount.place) else { continue }
                found.append(Hierarchy(version: .v1, subsystems: subsystems, mountPoint: mount.place, root: root))
                break
            }
        }
        return found
    }

    /// The mounts of type cgroup, the latest first: it hides those below it.
    static func cgroup1Mounts(in table: [UInt8]) -> [(place: ByteString, controllers: ControllerSet)] {
        var mounts: [(place: ByteString, controllers: ControllerSet)] = []
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " ")).map { ByteString($0) }
            // Optional fields end at "-"; type, source and the file system's own options follow.
            guard fields.count > 6, let dash = fields[6...].firstIndex(where: { $0 == "-" }), dash + 3 < fields.count,
                fields[dash + 1] == "cgroup"
            else { continue }
            let options = fields[dash + 3].split(separator: UInt8(ascii: ","))
            mounts.append((unescaped(fields[4]), ControllerSet(names: options, unified: false)))
        }
        return mounts.reversed()
    }

    /// Undoes the table's octal escapes: "\040" is a space.
    static func unescaped(_ field: ByteString) -> ByteString {
        var result: [UInt8] = []
        var rest = field.bytes[...]
        while let byte = rest.first {
            let digits = rest.dropFirst().prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                result.append(digits.reduce(0) { ($0 &* 8) &+ ($1 - 0x30) })
                rest = rest.dropFirst(4)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return ByteString(result)
    }
}
