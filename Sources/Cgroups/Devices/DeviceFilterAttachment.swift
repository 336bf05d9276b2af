import Bytes
import Errors
import Linux

extension CgroupDirectory {
    /// The name of our programs. Programs of others that are attached to the cgroup, such as systemd's, are left alone.
    private static let programName: ByteString = "wherry_devices"

    /// Attaches a device program to the cgroup. If one of ours is attached already, the new program replaces it.
    func attachDeviceFilter(_ program: [BPFInstruction]) throws(RuntimeError) {
        let instructions = program.map { $0.bits }
        do throws(SystemError) {
            let loaded = try DeviceFilter.load(instructions, name: CgroupDirectory.programName)
            // bpf(2) needs a directory that is open for reading; a descriptor opened with O_PATH isn't enough.
            let cgroup = try descriptor.open(".", flags: [.readOnly, .directory])
            for id in try DeviceFilter.programs(of: cgroup) {
                let other = try DeviceFilter.open(program: id)
                guard try DeviceFilter.name(of: other) == CgroupDirectory.programName else { continue }
                return try DeviceFilter.replace(other, with: loaded, on: cgroup)
            }
            try DeviceFilter.attach(loaded, to: cgroup)
        } catch {
            throw RuntimeError(
                .cgroup, "can't attach the device filter to the cgroup" + verdict(on: instructions, error), error, path: path,
                hint: CgroupDirectory.hint(for: error))
        }
    }

    /// The message of the kernel's verifier, as a part of the error's sentence; empty if there is none.
    private func verdict(on instructions: [UInt64], _ error: SystemError) -> String {
        guard error.errno == .EACCES || error.errno == .EINVAL else { return "" }
        let text = DeviceFilter.verifierText(instructions, name: CgroupDirectory.programName)
        return text.isEmpty ? "" : ", and the kernel's verifier says: " + text.trimmed.displayText
    }

    private static func hint(for error: SystemError) -> String? {
        switch error.errno {
        case .EPERM: "loading one needs CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN, outside of user namespaces"
        case .ENOSYS: "it takes a kernel with CONFIG_CGROUP_BPF"
        default: nil
        }
    }
}
