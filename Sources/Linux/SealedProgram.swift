import Bytes
import CLinux
public import Errors

/// Keeps the program's file out of reach of containers (CVE-2019-5736, CVE-2022-0847).
///
/// If a container can see a process of ours, it can see the process's program as /proc/PID/exe. If that were the host's file,
/// the container could open it and, once our process has ended, write to it; even a read-only view of the file shares its page
/// cache. So every process that a container can see runs from a copy in a sealed memfd, which has pages of its own.
public enum SealedProgram {
    private static let seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE

    /// Returns if this process already runs from a sealed copy. Otherwise makes a copy and executes it: main() runs again.
    ///
    /// Whether this process runs from a copy is judged by the file itself, never by the environment, which the caller controls.
    public static func ensure() throws(SystemError) {
        let program = try FileDescriptor.open("/proc/self/exe", flags: .readOnly)
        if isSealed(program) {
            // execveat names the process after the descriptor's number.
            _ = "wherry".withCString { c_prctl(PR_SET_NAME, UInt(bitPattern: $0), 0, 0, 0) }
            return
        }
        let copy = try sealedCopy(of: program)
        _ = c_execveat(copy.rawValue, "", c_arguments(), c_environ(), AT_EMPTY_PATH)
        throw .last("execveat")
    }

    // MARK: Host's part

    // A copy that was made before main() ran lacks the functions that only Host needs. Host has them mapped from the program's
    // file (CLinux/program/hostpart.c).

    /// Unmaps Host's part of the program, so that nothing refers to the program's file. A process that a container may see
    /// calls this first. The corresponding C function is `munmap`.
    public static func dropHostPart() throws(SystemError) {
        guard c_host_part_drop() == 0 else { throw .last("munmap") }
    }

    /// Copies Host's part of the program to memory. Until then this process depends on the program's file: it would end by
    /// SIGBUS if somebody shortened the file.
    ///
    /// Without memory for it the file stays mapped. The corresponding C functions are `mmap` and `mremap`.
    public static func copyHostPart() { _ = c_host_part_copy() }

    private static func isSealed(_ program: borrowing FileDescriptor) -> Bool {
        // The result is -1, which has all bits set, for a file that can't have seals.
        let present = c_fcntl(program.rawValue, F_GET_SEALS, 0)
        if present >= 0, present & seals == seals { return true }
        // What readOnlyCopy makes instead: a file without a name on a read-only tmpfs that is mounted nowhere.
        return (try? program.isNamelessOnReadOnlyTmpfs()) == true
    }

    private static func sealedCopy(of program: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        let memory: FileDescriptor
        do throws(SystemError) {
            memory = try .checked("memfd_create", c_memfd_executable("wherry"))
        } catch  where error.errno == .EACCES {
            // vm.memfd_noexec=2 forbids executable memfds.
            return try readOnlyCopy(of: program)
        }
        try copy(program, to: memory)
        guard c_fcntl(memory.rawValue, F_ADD_SEALS, seals) == 0 else { throw .last("fcntl") }
        return memory
    }

    private static func readOnlyCopy(of program: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        let mount = try FileSystemContext(type: "tmpfs").mount(
            attributes: [.noDevices, .noSetUserID])
        let file = try mount.open(".", flags: [.temporary, .readWrite], mode: 0o500)
        try copy(program, to: file)
        let number = file.release()
        // A file that is open for writing can't be executed, and its mount can't become read-only. So it's opened again.
        let again = try FileDescriptor.open("/proc/self/fd/" + ByteString(decimal: number), flags: .readOnly)
        _ = close(number)
        try mount.setMountAttributes(MountAttributes(set: .readOnly), recursive: false)
        return again
    }

    private static func copy(_ source: borrowing FileDescriptor, to target: borrowing FileDescriptor) throws(SystemError) {
        let size = try source.status().size
        guard try source.copy(size, to: target) == size else { throw SystemError("sendfile", errno: .EIO) }
    }
}
