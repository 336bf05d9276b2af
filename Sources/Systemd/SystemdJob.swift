import Bytes
import Errors
public import Linux

/// A job that systemd works at: org.freedesktop.systemd1(5), "Job Objects".
public struct SystemdJob: Sendable {
    /// The object path, which systemd doesn't use again soon.
    let path: ByteString
    /// What the job is for, for errors.
    let step: String
}

extension SystemdManager {
    /// Waits until a job has ended: the signal JobRemoved of org.freedesktop.systemd1(5). The ends of other jobs that arrive
    /// meanwhile are dropped, so jobs are waited for in the order in which they began, and each only once.
    ///
    /// - Parameters:
    ///   - job: the job, which may have ended already.
    ///   - deadline: when to give up.
    /// - Throws: an error with `jobResult` if the result isn't "done".
    public func wait(for job: SystemdJob, until deadline: Deadline) throws(BusError) {
        while true {
            let signal = try bus.nextSignal(for: job.step, until: deadline)
            guard let end = jobEnd(signal), end.path == job.path,
                try isOurs(signal, for: job.step, until: deadline)
            else { continue }
            if end.result == "done" { return }
            throw BusError(
                RuntimeError(
                    .cgroup,
                    "systemd couldn't " + job.step + ": the result of its job is " + SystemdManager.quoted(end.result),
                    hint: "\"journalctl -u " + WireText.safe(end.unit) + "\" shows systemd's reasons"),
                jobResult: end.result)
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
