import Bytes
public import Errors

extension Cgroup {
    /// Writes all that the plan holds, or nothing: where a value is refused, those before it are set back to what they were.
    ///
    /// Setting back is tried for each; what the kernel doesn't take back, such as a memory limit that has become too low meanwhile,
    /// stays as the update has it.
    public func update(_ plan: ResourcePlan) throws(RuntimeError) {
        let journal = UpdateJournal()
        do throws(RuntimeError) {
            try run(plan.steps + plan.lateSteps, plan.context, journal)
        } catch {
            journal.setBack()
            throw error
        }
    }
}

/// What files held before an update wrote to them.
final class UpdateJournal {
    private var entries: [(directory: CgroupDirectory, file: ByteString, before: ByteString, written: ByteString)] = []

    func note(_ file: ByteString, before: ByteString, written: ByteString, in directory: CgroupDirectory) {
        entries.append((directory, file, before, written))
    }

    /// In reverse order: limits that hang together were let through in theirs.
    func setBack() {
        for entry in entries.reversed() {
            try? entry.directory.write(entry.file, UpdateJournal.earlier(entry.before, for: entry.written, file: entry.file))
        }
        entries = []
    }

    /// What to write so that a file with the text `before` says it again, after `written` was written to it.
    static func earlier(_ before: ByteString, for written: ByteString, file: ByteString) -> ByteString {
        // An empty list is written as an empty line: nothing at all wouldn't be a write.
        guard let key = written.words.first, written.words.count > 1, isKeyed(file) else { return before.isEmpty ? "\n" : before }
        for line in before.split(separator: UInt8(ascii: "\n")) where line.words.first == key { return line }
        switch file {
        case "io.max": return key + " rbps=max wbps=max riops=max wiops=max"
        case "rdma.max": return key + " hca_handle=max hca_object=max"
        case "io.weight": return key + " default"
        // v1's throttles and weights.
        default: return key + " 0"
        }
    }

    /// Whether the file has a line for each device or interface.
    private static func isKeyed(_ file: ByteString) -> Bool {
        file != "cpu.max" && !file.hasSuffix(".pressure")
    }
}
