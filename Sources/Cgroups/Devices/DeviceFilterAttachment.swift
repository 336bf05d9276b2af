import Bytes
import Errors
import Linux

/// The device program of a plan, which the kernel has checked and translated.
public final class LoadedDeviceFilter {
    let program: FileDescriptor

    init(_ program: [BPFInstruction]) throws(SystemError) {
        self.program = try DeviceFilter.load(program.map { $0.bits }, name: CgroupDirectory.programName)
    }
}

extension CgroupDirectory {
    /// The name of our programs. Programs of others that are attached to the cgroup, such as systemd's, are left alone.
    fileprivate static let programName: ByteString = "wherry_devices"

    /// Attaches a device program to the cgroup. If one of ours is attached already, the new program replaces it.
    ///
    /// - Parameters:
    ///   - program: The program.
    ///   - loaded: The same program, if it's loaded already.
    /// - Throws: `cgroup` if the kernel refuses it.
    func attachDeviceFilter(_ program: [BPFInstruction], loaded: LoadedDeviceFilter?) throws(RuntimeError) {
        do throws(SystemError) {
            let loaded = if let loaded { loaded } else { try LoadedDeviceFilter(program) }
            // bpf(2) needs a directory that is open for reading; a descriptor opened with O_PATH isn't enough.
            let cgroup = try descriptor.open(".", flags: [.readOnly, .directory])
            for id in try DeviceFilter.programs(of: cgroup) {
                let other = try DeviceFilter.open(program: id)
                guard try DeviceFilter.name(of: other) == CgroupDirectory.programName else { continue }
                return try DeviceFilter.replace(other, with: loaded.program, on: cgroup)
            }
            try DeviceFilter.attach(loaded.program, to: cgroup)
        } catch {
            throw RuntimeError(
                .cgroup, "can't attach the device filter to the cgroup" + verdict(on: program, error), error, path: path,
                hint: CgroupDirectory.hint(for: error))
        }
    }

    /// The message of the kernel's verifier, as a part of the error's sentence; empty if there is none.
    private func verdict(on program: [BPFInstruction], _ error: SystemError) -> String {
        guard error.errno == .EACCES || error.errno == .EINVAL else { return "" }
        let text = DeviceFilter.verifierText(program.map { $0.bits }, name: CgroupDirectory.programName)
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
