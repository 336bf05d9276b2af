import CLinux
import CSeccomp
import Errors
import Linux

/// libseccomp's idea of a filter in the making.
struct LibraryContext: ~Copyable {
    /// What became of a rule.
    enum Addition { case done, contradiction }

    private let context: scmp_filter_ctx

    init(defaultAction: FilterAction) throws(RuntimeError) {
        guard let context = seccomp_init(defaultAction.value) else {
            throw RuntimeError(
                .seccomp, "libseccomp refuses the default action", pointer: "/linux/seccomp/defaultAction",
                hint: "the kernel may lack seccomp filters, or an outer filter forbids to load one")
        }
        self.context = context
    }

    deinit { seccomp_release(context) }

    /// "2.5.4".
    static var version: String {
        guard let version = seccomp_version()?.pointee else { return "unknown" }
        return "\(Int(version.major)).\(Int(version.minor)).\(Int(version.micro))"
    }

    /// Adds an architecture. False for one of the other byte order: its calls can't occur on this machine.
    borrowing func add(architecture: UInt32, pointer: @autoclosure () -> String) throws(RuntimeError) -> Bool {
        switch seccomp_arch_add(context, architecture) {
        case 0, -EEXIST: return true
        case -EDOM: return false
        case let result: throw failure(result, "libseccomp refuses the architecture", pointer())
        }
    }

    /// Sorts the calls into a binary tree instead of a list.
    borrowing func useBinaryTree() throws(RuntimeError) {
        let result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        guard result == 0 else { throw failure(result, "libseccomp can't build a binary tree", "/linux/seccomp") }
    }

    /// Adds a rule, for all architectures: where they do the call in another way (socketcall, ipc), libseccomp adapts it.
    /// All of the comparisons must hold, one for each argument at most.
    borrowing func add(
        _ action: FilterAction, call: Int32, comparisons: [scmp_arg_cmp], pointer: @autoclosure () -> String
    ) throws(RuntimeError) -> Addition {
        let result = comparisons.withUnsafeBufferPointer {
            seccomp_rule_add_array(context, action.value, call, UInt32($0.count), $0.baseAddress)
        }
        switch result {
        case 0: return .done
        case -EEXIST: return .contradiction
        default: throw failure(result, "libseccomp refuses the rule", pointer())
        }
    }

    /// The program: `struct sock_filter` one after another.
    borrowing func program() throws(RuntimeError) -> [UInt8] {
        let file = try explaining(.seccomp, "can't make a file in memory for the seccomp filter") { () throws(SystemError) in
            let descriptor = c_memfd_data("seccomp")
            guard descriptor >= 0 else { throw .last("memfd_create") }
            return FileDescriptor(adopting: descriptor)
        }
        let result = seccomp_export_bpf(context, file.rawValue)
        guard result == 0 else { throw failure(result, "libseccomp can't translate the profile", "/linux/seccomp") }
        return try explaining(.seccomp, "can't read the seccomp filter back") { () throws(SystemError) in
            guard lseek(file.rawValue, 0, SEEK_SET) == 0 else { throw .last("lseek") }
            return try file.readAll(limit: 1 << 20)
        }
    }

    private borrowing func failure(_ result: Int32, _ sentence: String, _ pointer: String) -> RuntimeError {
        RuntimeError(.seccomp, sentence, pointer: pointer, errno: -result)
    }
}
