import Bytes
import Errors
public import Linux

/// A job that systemd was asked for: org.freedesktop.systemd1(5), "Job Objects".
public struct SystemdJob: Sendable {
    /// The call that asks for the job. Its answer is the job's object path, which systemd doesn't use again soon.
    let call: Bus.PendingCall
}

extension SystemdManager {
    /// Waits until a job has ended: the signal JobRemoved of org.freedesktop.systemd1(5). The ends of other jobs that arrive
    /// meanwhile are dropped, so jobs are waited for in the order in which they began, and each only once.
    ///
    /// - Parameters:
    ///   - job: the job, which may have ended already.
    ///   - deadline: when to give up.
    /// - Throws: an error with a name if systemd refuses the job; one without if the result isn't "done".
    public func wait(for job: SystemdJob, until deadline: Deadline) throws(BusError) {
        try awaitWatch(until: deadline)
        let step = job.call.step
        let path = try objectPath(in: try answer(to: job.call, until: deadline), step)
        while true {
            let signal = try bus.nextSignal(for: step, until: deadline)
            guard let end = jobEnd(signal), end.path == path,
                try isOurs(signal, for: step, until: deadline)
            else { continue }
            if end.result == "done" { return }
            throw BusError(
                RuntimeError(
                    .cgroup,
                    "systemd couldn't " + step + ": the result of its job is " + SystemdManager.quoted(end.result),
                    hint: "\"journalctl -u " + WireText.safe(end.unit) + "\" shows systemd's reasons"))
        }
    }

    /// The path, unit and result in a signal. nil if the signal isn't one of systemd's: each user may send signals to this
    /// program, and a malformed one must not fail the wait.
    private func jobEnd(_ signal: BusMessage) -> (path: ByteString, unit: ByteString, result: ByteString)? {
        guard signal.path == SystemdManager.manager.path, var reader = try? signal.reader(of: "uoss"),
            (try? reader.number(UInt32.self)) != nil, let path = try? reader.objectPath(), let unit = try? reader.string(),
            let result = try? reader.string()
        else { return nil }
        return (path, unit, result)
    }
}
