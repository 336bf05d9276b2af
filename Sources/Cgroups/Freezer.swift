public import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Whether its processes are stopped, or are being stopped.
    public func isFrozen() throws(RuntimeError) -> Bool {
        guard let freezer = try freezer() else { return false }
        return try freezer.isFrozen()
    }

    /// Stops all its processes. Where that takes longer than the time given, all run again, and it's an error: a process that waits
    /// for a disk or in vfork(2) can hold it up.
    public func freeze(within milliseconds: Int = 2000) throws(RuntimeError) {
        let freezer = try requiredFreezer()
        do throws(RuntimeError) {
            try freezer.freeze(until: Deadline(milliseconds: milliseconds))
        } catch {
            // Half frozen is the one thing that it must not stay.
            try? freezer.thaw(until: Deadline(milliseconds: milliseconds))
            throw error
        }
    }

    /// Lets those go on that have been sent SIGKILL, so that they can end. Does nothing where there is no freezer, or no cgroup.
    public func thawToEnd(within milliseconds: Int = 2000) throws(RuntimeError) {
        do throws(RuntimeError) {
            try freezer()?.thawToEnd(until: Deadline(milliseconds: milliseconds))
        } catch  where error.errno == .ENOENT || error.errno == .ENODEV {
            // All have ended, and whoever waited for that has removed the cgroup under our eyes.
        }
    }

    /// Lets its processes go on.
    public func thaw(within milliseconds: Int = 2000) throws(RuntimeError) {
        try requiredFreezer().thaw(until: Deadline(milliseconds: milliseconds))
    }

    /// Nil where the host has none that the container is in.
    func freezer() throws(RuntimeError) -> Freezer? {
        guard let group = groups.first(where: { $0.controllers.contains(.freezer) }) ?? groups.first(where: { $0.version == .v2 })
        else { return nil }
        let directory = try explaining(.cgroup, "can't open the cgroup", path: group.place(), group.directory())
        return Freezer(version: group.version, directory: directory)
    }

    /// The absolute directory whose files freeze it: nil where there is none.
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

    func isFrozen() throws(RuntimeError) -> Bool {
        try explaining(.cgroup, "can't tell whether the container is frozen", path: directory.path) { () throws(SystemError) in
            guard version == .v2 else { return try directory.read("freezer.state") != "THAWED" }
            if try directory.read("cgroup.freeze") == "1" { return true }
            // A frozen ancestor stops the container as well, and only the events know of that.
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
            case .v1: try directory.write("freezer.state", "THAWED")
            case .v2: try setV2("0", until: deadline)
            }
        }
    }

    /// Lets processes that were killed end. On v1 none ends while it's frozen, be it by a cgroup below this one, which has a state of
    /// its own: so all are thawed, those above first, since a cgroup stays frozen as long as one above it is. v2 lets the killed die.
    func thawToEnd(until deadline: Deadline) throws(RuntimeError) {
        guard version == .v1 else {
            if try isFrozen() { try thaw(until: deadline) }
            return
        }
        try explaining(.cgroup, "can't thaw the container", path: directory.path) { () throws(SystemError) in
            try directory.walk { cgroup throws(SystemError) in
                if try ByteString(cgroup.readFile("freezer.state")).trimmed != "THAWED" {
                    try cgroup.writeFile("freezer.state", ByteString("THAWED").bytes)
                }
            }
        }
    }

    /// A v1 cgroup in which processes are born while it freezes can stay "FREEZING": then the state is written again, and now and
    /// then all run for a moment.
    private func freezeV1(until deadline: Deadline) throws(SystemError) {
        var attempts = 0
        while true {
            try directory.write("freezer.state", "FROZEN")
            if try directory.read("freezer.state") == "FROZEN" { return }
            guard !deadline.isOver else { throw SystemError("write", errno: .ETIMEDOUT) }
            attempts += 1
            if attempts % 50 == 0 {
                try directory.write("freezer.state", "THAWED")
                Clock.sleep(microseconds: 10_000)
            } else {
                Clock.sleep(microseconds: attempts < 10 ? 50 : 1000)
            }
        }
    }

    private func setV2(_ value: ByteString, until deadline: Deadline) throws(SystemError) {
        // Opened before the change: the kernel tells of changes after the last read.
        let file = try directory.descriptor.open("cgroup.events", flags: .readOnly)
        _ = try file.readAll(limit: 4096)
        try directory.write("cgroup.freeze", value)
        // Thawing is done when it's written; a frozen ancestor would keep the event from coming.
        guard value == "1" else { return }
        while try events("frozen") != 1 {
            guard !deadline.isOver else { throw SystemError("poll", errno: .ETIMEDOUT) }
            var request = PollRequest(file.rawValue, .priority)
            // The wait is cut into pieces: an event between two looks is caught by the next one at the latest.
            _ = request.wait(milliseconds: min(deadline.millisecondsLeft, 50))
            try file.rewind()
            _ = try file.readAll(limit: 4096)
        }
    }

    private func events(_ key: StaticString) throws(SystemError) -> UInt64? {
        KeyedValues(try directory.read("cgroup.events"))[key]
    }
}
