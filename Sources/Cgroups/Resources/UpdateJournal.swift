import Bytes
public import Errors

extension Cgroup {
    /// Carries out all steps of a plan, or none: if the kernel refuses a value, the earlier writes are undone.
    ///
    /// If the kernel refuses to restore a value, for instance a memory limit that has become too low meanwhile, the new value
    /// stays.
    ///
    /// - Parameters:
    ///   - plan: The changes.
    ///   - confirm: What belongs to the update besides the files. If it fails, the files are set back.
    /// - Throws: The error of the value that was refused, or of `confirm`.
    public func update(_ plan: ResourcePlan, confirm: () throws(RuntimeError) -> Void = {}) throws(RuntimeError) {
        let journal = UpdateJournal()
        do throws(RuntimeError) {
            try run(plan.steps + plan.lateSteps, plan.context, journal)
            try confirm()
        } catch {
            journal.setBack()
            throw error
        }
    }
}

/// The contents of files before an update wrote to them.
final class UpdateJournal {
    private var entries: [(directory: CgroupDirectory, file: ByteString, before: ByteString, written: ByteString)] = []

    func note(_ file: ByteString, before: ByteString, written: ByteString, in directory: CgroupDirectory) {
        entries.append((directory, file, before, written))
    }

    /// Restores the contents, in reverse order: for limits that the kernel checks against each other, only this order surely
    /// works.
    func setBack() {
        for entry in entries.reversed() {
            try? entry.directory.write(entry.file, UpdateJournal.earlier(entry.before, for: entry.written, file: entry.file))
        }
        entries = []
    }

    /// The text to write so that a file has the content `before` again, after `written` was written to it.
    static func earlier(_ before: ByteString, for written: ByteString, file: ByteString) -> ByteString {
        // An empty list is restored by an empty line, because a write of no bytes has no effect.
        guard let key = written.words.first, written.words.count > 1, isKeyed(file) else { return before.isEmpty ? "\n" : before }
        for line in before.split(separator: UInt8(ascii: "\n")) where line.words.first == key { return line }
        switch file {
        case "io.max": return key + " rbps=max wbps=max riops=max wiops=max"
        case "rdma.max": return key + " hca_handle=max hca_object=max"
        case "io.weight": return key + " default"
        // The rates and weights of v1.
        default: return key + " 0"
        }
    }

    /// Whether the file has a line for each device or interface.
    private static func isKeyed(_ file: ByteString) -> Bool {
        file != "cpu.max" && !file.hasSuffix(".pressure")
    }
}
