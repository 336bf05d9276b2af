public import Bytes
public import Errors
import Linux

extension CgroupRecord {
    /// Whether the cgroup's processes are stopped or are being stopped. Without a freezer they never are.
    public func isFrozen() throws(RuntimeError) -> Bool {
        if let mountPoint = mountPoint(of: Controller.freezer.name) {
            // `list` comes here for every container: one file is read, and no other directory of the cgroup is looked at.
            let directory = mountPoint + "/" + path
            return try Freezer.explainingState(directory) { () throws(SystemError) in
                do throws(SystemError) {
                    let file = try FileDescriptor.open(directory + "/" + Freezer.stateFile, flags: .readOnly)
                    return Freezer.isFrozen(state: ByteString(try file.readAll(limit: 4096, isOneRecord: true)).trimmed)
                } catch  where error.errno == .ENOENT || error.errno == .ENODEV {
                    // Somebody has moved the processes and removed the cgroup.
                    return false
                }
            }
        }
        guard let freezer = try Cgroup(record: self).freezer() else { return false }
        return try freezer.isFrozen()
    }
}

extension Cgroup {

    /// Stops all processes of the cgroup. A process that waits for a disk or in vfork(2) can delay that.
    ///
    /// - Parameter milliseconds: the longest wait.
    /// - Throws: `unsupported` if there is no freezer, `cgroup` if the processes don't stop in time. All of them run again
    ///   then.
    public func freeze(within milliseconds: Int = 2000) throws(RuntimeError) {
        let freezer = try requiredFreezer()
        do throws(RuntimeError) {
            try freezer.freeze(until: Deadline(milliseconds: milliseconds))
        } catch {
            // A container must never stay partly frozen.
            try? freezer.thaw(until: Deadline(milliseconds: milliseconds))
            throw error
        }
    }

    /// Thaws processes that were sent SIGKILL, so that they can end. Without a freezer or a cgroup, nothing is done.
    public func thawToEnd(within milliseconds: Int = 2000) throws(RuntimeError) {
        do throws(RuntimeError) {
            try freezer()?.thawToEnd(until: Deadline(milliseconds: milliseconds))
        } catch  where error.errno == .ENOENT || error.errno == .ENODEV {
            // All processes have ended, and another program has removed the cgroup meanwhile.
        }
    }

    /// Lets the cgroup's processes continue.
    public func thaw(within milliseconds: Int = 2000) throws(RuntimeError) {
        try requiredFreezer().thaw(until: Deadline(milliseconds: milliseconds))
    }

    /// The cgroup's freezer; nil if no hierarchy of the container has one.
    func freezer() throws(RuntimeError) -> Freezer? {
        guard let group = groups.first(where: { $0.controllers.contains(.freezer) }) ?? groups.first(where: { $0.version == .v2 })
        else { return nil }
        let directory = try explaining(.cgroup, "can't open the cgroup", path: group.place(), group.directory())
        return Freezer(version: group.version, directory: directory)
    }

    /// The absolute path of the directory whose files freeze the cgroup; nil if there is no freezer.
    public var freezerDirectory: ByteString? { get throws(RuntimeError) { try freezer()?.directory.path } }

    private func requiredFreezer() throws(RuntimeError) -> Freezer {
        if let freezer = try freezer() { return freezer }
        throw RuntimeError(
            .unsupported, "the container has no cgroup that can be frozen",
            hint: "pause and resume need cgroup v2, or the freezer controller of v1")
    }
}

/// The files that stop a cgroup's processes: admin-guide/cgroup-v2.rst, "cgroup.freeze", and cgroup-v1/freezer-subsystem.rst.
struct Freezer {
    let version: Hierarchy.Version
    let directory: CgroupDirectory

    fileprivate static let stateFile: ByteString = "freezer.state"

    /// Whether a v1 cgroup of this state is frozen or being frozen.
    fileprivate static func isFrozen(state: ByteString) -> Bool { state != "THAWED" }

    fileprivate static func explainingState(_ directory: ByteString, _ body: () throws(SystemError) -> Bool) throws(RuntimeError)
        -> Bool
    {
        try explaining(.cgroup, "can't tell whether the container is frozen", path: directory, body)
    }

    func isFrozen() throws(RuntimeError) -> Bool {
        try Freezer.explainingState(directory.path) { () throws(SystemError) in
            guard version == .v2 else { return Freezer.isFrozen(state: try directory.read(Freezer.stateFile)) }
            if try directory.read("cgroup.freeze") == "1" { return true }
            // A frozen ancestor stops the container as well, and only cgroup.events shows that.
            return try events("frozen") == 1
        }
    }

    func freeze(until deadline: Deadline) throws(RuntimeError) {
        try explaining(.cgroup, "can't freeze the container", path: directory.path) { () throws(SystemError) in
            switch version {
            case .v1: try freezeV1(until: deadline)
            case .v2: try setV2("1", until: deadline)
            }
        }
    }

    func thaw(until deadline: Deadline) throws(RuntimeError) {
        try explaining(.cgroup, "can't thaw the container", path: directory.path) { () throws(SystemError) in
            switch version {
            case .v1: try directory.write(Freezer.stateFile, "THAWED")
            case .v2: try setV2("0", until: deadline)
            }
        }
    }

    /// Lets killed processes end.
    ///
    /// On v1 a frozen process doesn't end. It may also be frozen by a cgroup below this one, which has its own state. So all
    /// cgroups are thawed, parents first, because a cgroup stays frozen as long as a parent is. On v2 frozen processes can be
    /// killed.
    func thawToEnd(until deadline: Deadline) throws(RuntimeError) {
        guard version == .v1 else {
            if try isFrozen() { try thaw(until: deadline) }
            return
        }
        try explaining(.cgroup, "can't thaw the container", path: directory.path) { () throws(SystemError) in
            try directory.walk { cgroup throws(SystemError) in
                if try Freezer.isFrozen(state: ByteString(cgroup.readFile(Freezer.stateFile)).trimmed) {
                    try cgroup.writeFile(Freezer.stateFile, ByteString("THAWED").bytes)
                }
            }
        }
    }

    /// Freezes a v1 cgroup. If a process forks meanwhile, the cgroup can stay "FREEZING". So the state is written again and
    /// again, and after every 50 attempts the processes run for a moment.
    private func freezeV1(until deadline: Deadline) throws(SystemError) {
        var attempts = 0
        while true {
            try directory.write(Freezer.stateFile, "FROZEN")
            if try directory.read(Freezer.stateFile) == "FROZEN" { return }
            guard !deadline.isOver else { throw SystemError("write", errno: .ETIMEDOUT) }
            attempts += 1
            if attempts % 50 == 0 {
                try directory.write(Freezer.stateFile, "THAWED")
                Clock.sleep(microseconds: 10_000)
            } else {
                Clock.sleep(microseconds: attempts < 10 ? 50 : 1000)
            }
        }
    }

    private func setV2(_ value: ByteString, until deadline: Deadline) throws(SystemError) {
        // The file is opened and read before the change, because the kernel reports changes since the last read.
        let file = try directory.descriptor.open("cgroup.events", flags: .readOnly)
        _ = try file.readAll(limit: 4096)
        try directory.write("cgroup.freeze", value)
        // Thawing needs no wait. If an ancestor is frozen, the event would never come.
        guard value == "1" else { return }
        while try events("frozen") != 1 {
            guard !deadline.isOver else { throw SystemError("poll", errno: .ETIMEDOUT) }
            var request = PollRequest(file.rawValue, .priority)
            // Each wait is short, so that an event missed between the check and poll only costs 50 ms.
            _ = request.wait(milliseconds: min(deadline.millisecondsLeft, 50))
            try file.rewind()
            _ = try file.readAll(limit: 4096)
        }
    }

    private func events(_ key: StaticString) throws(SystemError) -> UInt64? {
        KeyedValues(try directory.read("cgroup.events"))[key]
    }
}
