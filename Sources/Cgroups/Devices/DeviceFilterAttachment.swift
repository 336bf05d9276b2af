import Bytes
import CLinux
import Errors
import Linux

extension CgroupDirectory {
    /// The name that our programs carry: other programs at the cgroup, systemd's for one, are left alone.
    private static let programName: ByteString = "wherry_devices"

    /// Attaches a device program, in the place of the one from before where there is one.
    func attachDeviceFilter(_ program: [BPFInstruction]) throws(RuntimeError) {
        let instructions = program.map { $0.bits }
        do throws(SystemError) {
            let loaded = try DeviceFilter.load(instructions, name: CgroupDirectory.programName)
            // bpf(2) takes a directory that is open for reading, not one that is only a place in the tree (O_PATH).
            let cgroup = try descriptor.open(".", flags: O_RDONLY | O_DIRECTORY)
            for id in try DeviceFilter.programs(of: cgroup) {
                let other = try DeviceFilter.open(program: id)
                guard try DeviceFilter.name(of: other) == CgroupDirectory.programName else { continue }
                return try DeviceFilter.replace(other, with: loaded, on: cgroup)
            }
            try DeviceFilter.attach(loaded, to: cgroup)
        } catch {
            throw RuntimeError(
                .cgroup, "can't attach the device filter to the cgroup", error, path: path, hint: hint(for: error, instructions))
        }
    }

    private func hint(for error: SystemError, _ instructions: [UInt64]) -> String? {
        switch error.errno {
        case EPERM: return "loading one needs CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN, outside of user namespaces"
        case EACCES, EINVAL:
            let text = DeviceFilter.verifierText(instructions, name: CgroupDirectory.programName)
            return text.isEmpty ? nil : "the kernel's verifier says: " + text.trimmed.displayText
        case ENOSYS: return "the kernel was built without CONFIG_CGROUP_BPF"
        default: return nil
        }
    }
}
