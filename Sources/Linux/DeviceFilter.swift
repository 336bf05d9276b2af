public import Bytes
import CLinux
public import Errors

/// Device filters of cgroup v2. See bpf(2).
public enum DeviceFilter {
    /// Loads a program. The corresponding command is `BPF_PROG_LOAD`.
    ///
    /// - Parameters:
    ///   - instructions: `struct bpf_insn`, 8 bytes each.
    ///   - name: the name under which the kernel lists the program, at most 15 bytes.
    /// - Returns: a descriptor of the program.
    /// - Throws: the error of bpf(2).
    public static func load(_ instructions: [UInt64], name: ByteString) throws(SystemError) -> FileDescriptor {
        let descriptor = instructions.withUnsafeBytes { bytes in
            name.withCString { name in
                bytes.baseAddress.map { c_bpf_load_device_program($0, UInt32(instructions.count), name, nil, 0) } ?? -1
            }
        }
        return try .checked("bpf", descriptor)
    }

    /// Loads a refused program a second time and returns the explanation of the kernel's verifier.
    public static func verifierText(_ instructions: [UInt64], name: ByteString) -> ByteString {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64 * 1024) { log in
            guard let text = log.baseAddress else { return ByteString([]) }
            text[0] = 0
            let descriptor = instructions.withUnsafeBytes { bytes in
                name.withCString { name in
                    bytes.baseAddress.map {
                        c_bpf_load_device_program($0, UInt32(instructions.count), name, text, UInt32(log.count))
                    } ?? -1
                }
            }
            if descriptor >= 0 { close(descriptor) }
            return ByteString(cString: text)
        }
    }

    /// Attaches a program to a cgroup's directory, in addition to those that are attached already. The corresponding command is
    /// `BPF_PROG_ATTACH` with `BPF_F_ALLOW_MULTI`.
    public static func attach(_ program: borrowing FileDescriptor, to cgroup: borrowing FileDescriptor) throws(SystemError) {
        guard c_bpf_attach_device_program(cgroup.rawValue, program.rawValue, -1) == 0 else { throw .last("bpf") }
    }

    /// Replaces an attached program by another in one step: at every moment one of the two is attached. The corresponding flag
    /// is `BPF_F_REPLACE`.
    public static func replace(
        _ old: borrowing FileDescriptor, with program: borrowing FileDescriptor, on cgroup: borrowing FileDescriptor
    ) throws(SystemError) {
        guard c_bpf_attach_device_program(cgroup.rawValue, program.rawValue, old.rawValue) == 0 else { throw .last("bpf") }
    }

    /// The ids of the programs attached to the cgroup itself. The corresponding command is `BPF_PROG_QUERY`.
    public static func programs(of cgroup: borrowing FileDescriptor) throws(SystemError) -> [UInt32] {
        // The kernel attaches at most 64 programs to a cgroup.
        var count: UInt32 = 64
        let descriptor = cgroup.rawValue
        var result: Int32 = 0
        let ids = [UInt32](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            result = buffer.baseAddress.map { c_bpf_query_device_programs(descriptor, $0, &count) } ?? -1
            filled = result == 0 ? min(Int(count), buffer.count) : 0
        }
        guard result == 0 else { throw .last("bpf") }
        return ids
    }

    /// Opens a loaded program by its id. The corresponding command is `BPF_PROG_GET_FD_BY_ID`.
    public static func open(program id: UInt32) throws(SystemError) -> FileDescriptor { try .checked("bpf", c_bpf_program(id)) }

    /// The name that a program was loaded under. The corresponding command is `BPF_OBJ_GET_INFO_BY_FD`.
    public static func name(of program: borrowing FileDescriptor) throws(SystemError) -> ByteString {
        var result: Int32 = 0
        let descriptor = program.rawValue
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { buffer in
            guard let text = buffer.baseAddress else { return ByteString([]) }
            text[0] = 0
            result = c_bpf_program_name(descriptor, text)
            return ByteString(cString: text)
        }
        guard result == 0 else { throw .last("bpf") }
        return name
    }
}
