import Errors
import Linux

/// A process that holds a place in the container's unit, until this is deallocated.
///
/// systemd makes a scope only around a process. criu isn't there yet: it's to be born in the scope's cgroup, so that the processes
/// that it restores are there, too.
final class UnitHolder {
    let pid: Int32
    private let handle: ProcessHandle
    /// The write end of a pipe that the process reads. If we end, the process comes to the end of the file and ends, too.
    private let life: SharedDescriptor

    init() throws(RuntimeError) {
        do throws(SystemError) {
            let (read, write) = try FileDescriptor.pipe()
            switch try cloneProcess() {
            case .child: UnitHolder.hold(read)
            case .parent(let pid, let handle):
                self.pid = pid
                self.handle = handle
                life = write
            }
        } catch {
            throw RuntimeError(.system, "a process for the container's unit can't be made", error)
        }
    }

    private static func hold(_ life: SharedDescriptor) -> Never {
        Signal.resetAll()
        guard (try? closeDescriptors(from: 0, but: [life.rawValue])) != nil else { OwnProcess.exit(1) }
        _ = try? life.file.read(upTo: 1)
        OwnProcess.exit(0)
    }

    deinit { handle.end() }
}
