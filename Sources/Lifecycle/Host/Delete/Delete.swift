public import Bytes
import Cgroups
public import Errors
import Linux
import OCI

/// Deletes a container: runtime.md, "Delete".
///
/// A created one, which was never started, is ended and deleted too: engines rely on it. A running one only with `force`, and then
/// whatever was left of it, half-made or damaged.
///
/// An error of the system on the way is an error, and says nothing about the container. It returns without one only if nothing is left.
public func deleteContainer(id: ByteString, force: Bool, _ settings: GlobalSettings) throws(RuntimeError) {
    Signal.ignore(Signal.pipe)
    let directory: ContainerDirectory
    do throws(RuntimeError) {
        directory = try ContainerDirectory.require(id, settings)
    } catch  where force && error.code == .containerNotFound {
        return
    } catch  where force && error.code == .corruptState {
        // A file, where only directories stand for containers.
        settings.log.warn(error.message)
        return try removeFile(id, settings)
    }
    guard let root = try StateRoot.open(settings.root) else { return }
    let procfs = try hostProcFileSystem()
    if force { try endWhatBlocks(directory, procfs) }
    do throws(RuntimeError) {
        try directory.lockForChange()
    } catch  where force && error.code == .containerNotFound {
        return
    }
    guard let record = force ? try recordForDeletion(directory, settings) : try directory.requireRecord() else {
        // Nothing was made before the record.
        return try directory.remove(from: root)
    }
    try Deletion(record: record, settings: settings).execute(directory, root, procfs, force: force)
}

private func removeFile(_ id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) {
    guard let root = try StateRoot.open(settings.root) else { return }
    try explaining(.system, "it can't be removed", path: root.path + "/" + id, root.descriptor.unlink(id))
}

/// Another operation may wait for the container's first process, which may wait for ever: for a hook, for a file system that doesn't
/// answer. With that process gone, the other fails and lets go.
private func endWhatBlocks(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
    if try directory.lock(milliseconds: 100) { return }
    let record: ContainerRecord?
    do throws(RuntimeError) {
        record = try directory.record()
    } catch  where error.code == .corruptState {
        return
    }
    try record?.process(procfs)?.kill()
}

/// The record, or where that is damaged or missing its copy: nil where neither was ever written.
///
/// With both damaged nothing says for sure which processes are the container's. They aren't guessed: a wrong guess ends another's.
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

/// What the kept configuration tells of a container whose records are damaged, as a part of a sentence.
private func traces(of directory: borrowing ContainerDirectory) -> String {
    guard let config = try? directory.config(), let procfs = try? hostProcFileSystem(),
        let host = try? CgroupHost.detect(procfs: procfs),
        let path = try? CgroupPath(config.linux.cgroupsPath, id: directory.id),
        let cgroup = try? Cgroup(host: host, path: path), let processes = try? cgroup.processes()
    else { return "" }
    let name = "; by its configuration its cgroup is " + path.relative.displayText
    if processes.isEmpty { return name + ", which has no processes" }
    var list = ""
    for pid in processes.ordered().prefix(16) { list += (list.isEmpty ? "" : ", ") + String(pid) }
    return name + ", which has the processes " + list + (processes.count > 16 ? " and others" : "")
}
