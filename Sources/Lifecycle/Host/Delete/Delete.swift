public import Bytes
import Cgroups
public import Errors
import Linux
import OCI
import Systemd

/// Deletes a container. Source: runtime.md, "Delete".
///
/// A container that was created but never started is ended and deleted too: engines rely on that.
///
/// - Parameters:
///   - id: The container's id.
///   - force: Whether a running container is ended and deleted too, and also one that is half-made or damaged. With `force`
///     it's no error if there's no such container.
///   - settings: The global options.
/// - Throws: An error if anything of the container may be left, also when a system call fails for an unrelated reason.
public func deleteContainer(id: ByteString, force: Bool, _ settings: GlobalSettings) throws(RuntimeError) {
    Signal.ignore(Signal.pipe)
    DescriptorClosing.gatherReferences()
    try ContainerID.validate(id)
    if let root = try StateRoot.open(settings.root) { return try delete(id, in: root, force: force, settings) }
    if !force { throw ContainerDirectory.notFound(id, settings.root) }
}

private func delete(_ id: ByteString, in root: borrowing StateRoot, force: Bool, _ settings: GlobalSettings) throws(RuntimeError)
{
    let directory: ContainerDirectory
    do throws(RuntimeError) {
        directory = try ContainerDirectory.require(id, in: root)
    } catch  where force && error.code == .containerNotFound {
        return
    } catch  where force && error.code == .corruptState {
        // There's a file instead of the container's directory.
        settings.log.warn(error.message)
        return try explaining(
            .system, "it can't be removed", path: root.path + "/" + id, root.descriptor.unlink(id))
    }
    let procfs = try hostProcFileSystem()
    let isLocked = force ? try endWhatBlocks(directory, procfs) : false
    do throws(RuntimeError) {
        try directory.lockForChange(isLocked: isLocked)
    } catch  where force && error.code == .containerNotFound {
        return
    }
    guard let record = force ? try recordForDeletion(directory, settings) : try directory.requireRecord() else {
        // `create` writes the record before it makes anything else.
        return try directory.remove(from: root)
    }
    try Deletion(record: record, settings: settings).execute(directory, root, procfs, force: force)
    DescriptorClosing.leaveToExit()
}

extension ContainerTransaction {
    /// Deletes the container that this command has made, and ends it if it runs: the same as `delete --force`.
    func delete() throws(RuntimeError) {
        DescriptorClosing.gatherReferences()
        let isLocked = try endWhatBlocks(directory, procfs)
        do throws(RuntimeError) {
            try directory.lockForChange(isLocked: isLocked)
        } catch  where error.code == .containerNotFound {
            return
        }
        try Deletion(record: record, settings: settings, poststop: plan.hooks.poststop)
            .execute(directory, root, procfs, force: true)
        DescriptorClosing.leaveToExit()
    }
}

/// Kills the container's first process if another command holds the lock. That command may be waiting for this process, which
/// may wait forever for a hook or for a file system that doesn't answer. When the process is gone, the other command fails and
/// releases the lock.
///
/// - Returns: Whether the lock is ours by now.
private func endWhatBlocks(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
    -> Bool
{
    if try directory.lock(milliseconds: 100) { return true }
    let record: ContainerRecord?
    do throws(RuntimeError) {
        record = try directory.record()
    } catch  where error.code == .corruptState {
        return false
    }
    try record?.process(procfs)?.kill()
    return false
}

/// The record, or its copy if the record is damaged or missing; nil if neither was ever written.
///
/// If both are damaged, nothing says for certain which processes are the container's. That is an error, because a wrong guess
/// would end processes that aren't the container's.
private func recordForDeletion(_ directory: borrowing ContainerDirectory, _ settings: GlobalSettings) throws(RuntimeError)
    -> ContainerRecord?
{
    do throws(RuntimeError) {
        return try directory.record()
    } catch  where error.code == .corruptState {
        settings.log.warn(error.message)
        if let copy = try directory.copyOfRecord() { return copy }
        throw RuntimeError(
            .corruptState,
            error.sentence
                + ", and there is no whole copy of it: it isn't known whether processes, cgroups or mounts of the container are left"
                + traces(of: directory),
            path: settings.root + "/" + directory.id,
            hint: "end what is left of it, remove its cgroups, then remove the directory "
                + (settings.root + "/" + directory.id).displayText)
    }
}

/// What the kept configuration says about the cgroup of a container whose records are damaged, as part of an error's sentence.
private func traces(of directory: borrowing ContainerDirectory) -> String {
    guard let config = try? directory.config(), let procfs = try? hostProcFileSystem(),
        let host = try? CgroupHost.detect(procfs: procfs),
        let path = cgroupPath(in: config, id: directory.id),
        let cgroup = try? Cgroup(host: host, path: path), let processes = try? cgroup.processes()
    else { return "" }
    let name = "; by its configuration its cgroup is " + path.relative.displayText
    if processes.isEmpty { return name + ", which has no processes" }
    var list = ""
    for pid in processes.ordered().prefix(16) { list += (list.isEmpty ? "" : ", ") + String(pid) }
    return name + ", which has the processes " + list + (processes.count > 16 ? " and others" : "")
}

/// The path of the cgroup that a configuration asks for, or that the unit has which it asks for. nil if it's in neither form.
private func cgroupPath(in config: Config, id: ByteString) -> CgroupPath? {
    if let path = try? CgroupPath(config.linux.cgroupsPath, id: id) { return path }
    let isRootless = Credentials.effectiveUser != 0
    guard let placement = try? UnitPlacement(config.linux.cgroupsPath, id: id, isRootless: isRootless) else { return nil }
    return try? CgroupPath(text: placement.cgroupPath)
}
