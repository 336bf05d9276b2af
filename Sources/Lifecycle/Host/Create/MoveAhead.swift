import Cgroups
import Linux

/// A process that moves itself to the cgroup in which it is already, so that systemd's move of Init needn't wait.
///
/// Whoever moves a process between cgroups takes a lock that holds up all forks and exits of the machine
/// (`cgroup_threadgroup_rwsem`). Before the kernel gives it, it waits for an RCU grace period, 5 to 19 ms. A move soon after
/// another one doesn't wait. systemd moves Init when it has got our call and made the cgroup, and would wait then. This process
/// waits instead, while Host reads the configuration and makes Init.
///
/// The mount option `favordynmods` (cgroup-v2.rst) takes the wait away too, but for the whole machine, whose forks and exits then
/// take longer.
final class MoveAhead {
    private let handle: ProcessHandle

    /// Begins the move. nil if no process can be made: then systemd waits itself.
    init?() {
        guard let clone = try? cloneProcess() else { return nil }
        switch consume clone {
        case .child: MoveAhead.move()
        case .parent(_, let handle):
            self.handle = handle
            // The kernel may have put it on our processor, where it would run only once we wait for something.
            OwnProcess.yield()
        }
    }

    private static func move() -> Never {
        // Should Host end now, the caller's pipes are closed all the same.
        guard (try? closeDescriptors(from: 0, but: [])) != nil, let procfs = try? hostProcFileSystem(),
            let file = try? CgroupHost.detect(procfs: procfs).openOwnProcesses(procfs: procfs),
            // "0" is the process that writes.
            (try? file.writeAll([UInt8(ascii: "0")])) != nil
        else { OwnProcess.exit(1) }
        OwnProcess.exit(0)
    }

    deinit { handle.end() }
}
