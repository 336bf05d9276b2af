import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Removes the directories that were made for the container, and all cgroups inside them. A directory that existed before
    /// the container stays: runtime.md, "Delete".
    ///
    /// - Parameter milliseconds: the longest wait until the last processes have left the cgroup.
    /// - Throws: `timeout` if processes are still in the cgroup, `cgroup` if it can't be removed for another reason.
    public func remove(within milliseconds: Int = 2000) throws(RuntimeError) {
        let deadline = Deadline(milliseconds: milliseconds)
        for group in groups {
            var pause = 500
            while let refusal = removeOwn(group) {
                if refusal.errno == .EINTR { continue }
                guard refusal.errno == .EBUSY, !deadline.isOver else { throw stillThere(group, refusal) }
                if group.existing < path.components.count { removeInside(group) }
                Clock.sleep(microseconds: pause)
                pause = min(pause * 2, 16_000)
            }
        }
    }

    /// Removes the group's directory, and then the parents that were made with it. Parents that other programs use by now stay.
    ///
    /// - Returns: the error if a directory that should be gone couldn't be removed.
    func removeOwn(_ group: Group) -> SystemError? {
        guard group.existing < path.components.count else { return nil }
        group.forgetLeaf()
        for count in stride(from: path.components.count, to: group.existing, by: -1) {
            do throws(SystemError) {
                try FileDescriptor.removeDirectory(at: group.place(count))
            } catch  where error.errno != .ENOENT {
                let isUsedByOthers = count < path.components.count && (error.errno == .EBUSY || error.errno == .ENOTEMPTY)
                return isUsedByOthers ? nil : error
            } catch {}
        }
        return nil
    }

    /// Removes the cgroups that the container made below its own, the deepest first. `remove` calls this again for those that
    /// couldn't be removed yet.
    private func removeInside(_ group: Group) {
        do throws(SystemError) {
            try group.directory().walk(enter: { _ in }, leave: { parent, name in try? parent.removeDirectory(name) })
        } catch {
            // The next attempt to remove the cgroup's own directory reports the reason.
        }
        group.forgetLeaf()
    }

    private func stillThere(_ group: Group, _ refusal: SystemError) -> RuntimeError {
        let remaining = (try? group.directory().processes()) ?? []
        var names = ""
        for pid in remaining.prefix(16) { names += (names.isEmpty ? "" : ", ") + String(pid) }
        if remaining.count > 16 { names += " and " + String(remaining.count - 16) + " more" }
        let isOne = remaining.count == 1
        return RuntimeError(
            refusal.errno == .EBUSY ? .timeout : .cgroup,
            "can't remove the cgroup" + (names.isEmpty ? "" : ", since process" + (isOne ? " " : "es ") + names)
                + (names.isEmpty ? group.reason(for: refusal) : isOne ? " is still in it" : " are still in it"),
            refusal, path: group.place(), hint: Cgroup.hint(for: refusal, version: group.version))
    }
}
