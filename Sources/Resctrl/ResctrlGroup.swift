public import Bytes
public import Errors
import Linux

/// A group of processes with their share of caches and memory bandwidth: a directory of the resctrl file system. Besides,
/// perhaps, a monitoring group of one container in it.
public struct ResctrlGroup {
    private let fileSystem: ResctrlFileSystem
    /// The group's directory, relative to the root: "." for the default group.
    private let directory: ByteString
    /// The monitoring group's directory, relative to the root.
    private let monitoring: ByteString?

    /// The group of this name.
    ///
    /// - Parameters:
    ///   - name: The name of the group's directory, or "/" for the default group.
    ///   - monitoring: The name of a monitoring group in it. nil for none.
    ///   - fileSystem: The resctrl file system.
    public init(_ name: ByteString, monitoring: ByteString?, in fileSystem: ResctrlFileSystem) {
        self.fileSystem = fileSystem
        directory = name == "/" ? "." : name
        self.monitoring = monitoring.map { (name == "/" ? "" : name + "/") + "mon_groups/" + $0 }
    }

    private func path(_ name: ByteString) -> ByteString {
        name == "." ? fileSystem.path : fileSystem.path + "/" + name
    }

    /// The error for a failed call, with the kernel's own reason.
    private func failure(_ sentence: String, _ error: SystemError, _ name: ByteString) -> RuntimeError {
        let status = fileSystem.lastStatus
        return RuntimeError(
            .cgroup, sentence + (status.isEmpty ? "" : " (" + status.displayText + ")"), error, pointer: "/linux/intelRdt",
            path: path(name))
    }

    private func explained<Result: ~Copyable>(
        _ sentence: String, _ name: ByteString, _ body: () throws(SystemError) -> Result
    ) throws(RuntimeError) -> Result {
        do throws(SystemError) { return try body() } catch { throw failure(sentence, error, name) }
    }

    // MARK: Making

    /// Makes the group, or checks the one that exists, sets its shares, and makes the monitoring group: config-linux.md,
    /// "IntelRdt".
    ///
    /// - Parameters:
    ///   - schemata: The shares, a line each, and where they stand in the configuration.
    ///   - makesAlways: Whether to make the group even if there are no shares to set.
    ///   - note: Called before anything is made, with whether the group is going to be made.
    /// - Throws: `cgroup` if the group doesn't exist and isn't to be made, if it exists with other shares, or if the kernel
    ///   refuses something. A group that was made is removed again then.
    public func prepare(
        _ schemata: [(line: ByteString, pointer: String)], makesAlways: Bool, noting note: (Bool) throws(RuntimeError) -> Void
    ) throws(RuntimeError) {
        let stands = try exists()
        guard stands || makesAlways || !schemata.isEmpty else {
            throw RuntimeError(
                .cgroup, "there is no resctrl group \"" + directory.displayText + "\"", pointer: "/linux/intelRdt/closID",
                hint: "make the group before, or give it schemata: then wherry makes it")
        }
        try note(!stands)
        let isMade = stands ? false : try make()
        do throws(RuntimeError) {
            if !isMade { try check(schemata) }
            try write(schemata.map { $0.line })
            try makeMonitoring()
        } catch {
            if isMade { try? remove(withGroup: true) }
            throw error
        }
    }

    private func exists() throws(RuntimeError) -> Bool {
        try explained("the resctrl group can't be looked at", directory) { () throws(SystemError) in
            try fileSystem.root.contains(directory)
        }
    }

    /// Makes the group's directory.
    ///
    /// - Returns: false if it exists already.
    private func make() throws(RuntimeError) -> Bool {
        do throws(SystemError) {
            try fileSystem.root.makeDirectory(directory, mode: 0o755)
            return true
        } catch  where error.errno == .EEXIST {
            return false
        } catch {
            throw failure("the resctrl group can't be made", error, directory)
        }
    }

    /// Makes the monitoring group, if there is to be one. One that exists was left by a container of the same id.
    private func makeMonitoring() throws(RuntimeError) {
        guard let monitoring else { return }
        do throws(SystemError) {
            try fileSystem.root.makeDirectory(monitoring, mode: 0o755)
        } catch  where error.errno == .EEXIST {
        } catch {
            throw failure("the monitoring group can't be made", error, monitoring)
        }
    }

    /// The lines of the file `schemata`, each a share of one resource.
    public func schemata() throws(RuntimeError) -> [ByteString] {
        try explained("the schemata can't be read", directory + "/schemata") { () throws(SystemError) in
            try fileSystem.root.readFile(directory + "/schemata")
        }.split(separator: UInt8(ascii: "\n")).map { ByteString($0).trimmed }
    }

    /// Sets the group's shares. The kernel writes nothing if it refuses one of the lines.
    public func write(_ schemata: [ByteString]) throws(RuntimeError) {
        guard !schemata.isEmpty else { return }
        let text = schemata.reduce(into: [UInt8]()) { $0 += $1.bytes + [UInt8(ascii: "\n")] }
        try explained("the schemata can't be written", directory + "/schemata") { () throws(SystemError) in
            // The kernel's file is always there: O_CREAT serves the tests, in which a plain directory stands for the file system.
            try fileSystem.root.open(directory + "/schemata", flags: [.writeOnly, .create], mode: 0o600).writeAll(text)
        }
    }

    // MARK: Entering

    /// Opens the files by which a process enters the group, and then the monitoring group in it.
    ///
    /// - Returns: The files. nil if the group is gone: its processes are in the default group then.
    /// - Throws: `cgroup` if a file can't be opened.
    public func openTasks() throws(RuntimeError) -> ResctrlTasks? {
        var files: [(file: SharedDescriptor, path: ByteString)] = []
        for group in [directory, monitoring] {
            guard let name = group.map({ $0 + "/tasks" }) else { continue }
            do throws(SystemError) {
                files.append((SharedDescriptor(try fileSystem.root.open(name, flags: .writeOnly)), path(name)))
            } catch  where error.errno == .ENOENT {
                return nil
            } catch {
                throw failure("the resctrl group can't be opened", error, name)
            }
        }
        return ResctrlTasks(files)
    }

    // MARK: Removing

    /// Removes the monitoring group and, if the group was made for the container alone, the group. The kernel moves processes
    /// that are left to the default group. What is gone already is no error.
    public func remove(withGroup: Bool) throws(RuntimeError) {
        for name in [monitoring, withGroup ? directory : nil] {
            guard let name else { continue }
            do throws(SystemError) {
                try fileSystem.root.removeDirectory(name)
            } catch  where error.errno == .ENOENT {
            } catch {
                throw failure("the resctrl group can't be removed", error, name)
            }
        }
    }

    /// The files from which statistics are read: the root's, the group's, and the monitored group's folder.
    var places: (fileSystem: ResctrlFileSystem, group: ByteString, monitored: ByteString) {
        (fileSystem, directory, monitoring ?? directory)
    }
}

/// The open `tasks` files of a group, for a process that moves itself into it.
public final class ResctrlTasks {
    private var files: [(file: SharedDescriptor, path: ByteString)]

    init(_ files: [(file: SharedDescriptor, path: ByteString)]) { self.files = files }

    /// The numbers of the open descriptors.
    public var descriptors: [Int32] { files.map { $0.file.rawValue } }

    /// Moves the calling thread, for which "0" stands, into the group. Later children are born there.
    public func enter() throws(RuntimeError) {
        for (file, path) in files {
            try explaining(
                .cgroup, "the resctrl group can't be entered", pointer: "/linux/intelRdt", path: path,
                file.file.writeAll([UInt8(ascii: "0")]))
        }
    }

    /// Closes the files before this object goes away.
    public func closeFiles() { files = [] }
}
