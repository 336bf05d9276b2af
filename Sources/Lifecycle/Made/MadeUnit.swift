import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Systemd

/// A unit of systemd's that was started for the container.
struct MadeUnit: Sendable {
    let name: ByteString
    let owner: UnitPlan.Owner
    /// The unit's description, by which a later command knows that it's still this container's: another container, or a
    /// service, may have a unit of that name by now, or may have had it before.
    let description: ByteString

    /// The longest time that systemd may take, in milliseconds: for a connection, for a call or for a job.
    static let patience = 30_000

    /// Begins to connect to the manager that has the unit. The first call waits for the end of that, or
    /// `SystemdManager.establish`.
    ///
    /// - Parameter deadline: When to give up.
    /// - Returns: The connection.
    /// - Throws: `cgroup` or `timeout` if there is no bus.
    func connect(until deadline: Deadline) throws(RuntimeError) -> SystemdManager {
        do throws(BusError) {
            switch owner {
            case .system: return SystemdManager(try .system(user: Credentials.effectiveUser, until: deadline))
            // Root of a user namespace doesn't know its id outside: the bus asks the kernel.
            case .user: return SystemdManager(try Bus(try MadeUnit.busOfUser(), user: nil, until: deadline))
            }
        } catch {
            throw error.error
        }
    }

    private static func busOfUser() throws(BusError) -> BusAddress {
        do throws(RuntimeError) {
            return try .user(
                address: OwnEnvironment.value(of: "DBUS_SESSION_BUS_ADDRESS"),
                runtimeDirectory: OwnEnvironment.value(of: "XDG_RUNTIME_DIR"))
        } catch {
            throw BusError(error)
        }
    }

    /// Ends the unit's processes, stops the unit, waits until systemd has done so, and removes what is left of its cgroup.
    ///
    /// It's no error if the unit is gone. A unit that isn't the container's, and its cgroup, are left alone.
    ///
    /// - Parameters:
    ///   - cgroup: The container's cgroup; nil if it isn't known.
    ///   - mayHaveFailed: Whether systemd keeps the unit if it fails, as an annotation can ask.
    /// - Throws: An error if the unit isn't stopped, or its cgroup can't be removed.
    func undo(_ cgroup: CgroupRecord?, mayHaveFailed: Bool) throws(RuntimeError) {
        step(.stopUnit)
        // systemd removes the cgroup of a unit that has no processes any more, and forgets the unit at once. So nobody need be
        // asked, and nobody can be if the user's manager has ended with the session.
        let isGone = try cgroup.map { (record) throws(RuntimeError) in try !Cgroup(record: record).exists() } ?? false
        if isGone, !mayHaveFailed { return }
        let deadline = Deadline(milliseconds: MadeUnit.patience)
        let manager: SystemdManager
        let holder: Presence
        do throws(RuntimeError) {
            manager = try connect(until: deadline)
            holder = try presence(manager, until: deadline)
        } catch {
            if isGone { return }
            throw error
        }
        switch holder {
        case .another: return
        case .none: break
        case .ours:
            // systemd would first ask the processes to end, and give them time.
            try cgroup?.endProcesses()
            try stop(manager, mayHaveFailed: mayHaveFailed, until: deadline)
        }
        // systemd removes the directory in its own hierarchies only.
        try cgroup?.remove(endingProcesses: true)
    }

    private func stop(_ manager: SystemdManager, mayHaveFailed: Bool, until deadline: Deadline) throws(RuntimeError) {
        do throws(BusError) {
            try manager.wait(for: try manager.stopUnit(name: name, until: deadline), until: deadline)
            // A failed unit stays as it is when it's stopped.
            if mayHaveFailed { try manager.resetFailedUnit(name: name, until: deadline) }
        } catch  where error.isNoSuchUnit {
        } catch {
            throw error.error
        }
    }

    /// Who has the unit's name.
    enum Presence { case ours, another, none }

    private func presence(_ manager: SystemdManager, until deadline: Deadline) throws(RuntimeError) -> Presence {
        do throws(BusError) {
            let present = try manager.unitProperty("Description", of: name, interface: "Unit", until: deadline)
            if present == .string(description) { return .ours }
            // For a name without a unit, the description is the name.
            return present == .string(name) ? .none : .another
        } catch {
            throw error.error
        }
    }

    /// Asks systemd who has the unit's name.
    func presence() throws(RuntimeError) -> Presence {
        let deadline = Deadline(milliseconds: MadeUnit.patience)
        return try presence(try connect(until: deadline), until: deadline)
    }

    /// Changes properties of the unit until it stops.
    func set(_ properties: [UnitProperty]) throws(RuntimeError) {
        guard !properties.isEmpty else { return }
        let deadline = Deadline(milliseconds: MadeUnit.patience)
        let manager = try connect(until: deadline)
        do throws(BusError) {
            let accepted = try UnitLimits.accepted(properties, by: manager, until: deadline)
            try manager.setUnitProperties(name: name, runtime: true, accepted, until: deadline)
        } catch {
            throw error.error
        }
    }

    /// Writes the members that `init(_:)` reads.
    func write(to json: inout JSONWriter) {
        json.member("name", name)
        json.member("user", owner == .user)
        json.member("description", description)
    }

    /// Reads the members that `write(to:)` wrote: nil if they're damaged.
    init?(_ json: JSONValue) {
        guard let name = json["name"]?.string, let isUsers = json["user"]?.bool, let description = json["description"]?.string
        else { return nil }
        self.init(name: name, owner: isUsers ? .user : .system, description: description)
    }

    init(name: ByteString, owner: UnitPlan.Owner, description: ByteString) {
        self.name = name
        self.owner = owner
        self.description = description
    }
}
