import Bytes
import Cgroups
import Errors
import Linux
import Systemd

/// The start of a container's unit, and the connection to the manager that has it.
final class UnitStart {
    private let unit: MadeUnit
    private let plan: UnitPlan
    private let isUnified: Bool
    private let manager: SystemdManager

    /// Begins to connect to the manager that is to have the unit.
    ///
    /// - Parameters:
    ///   - unit: The unit.
    ///   - plan: The unit's plan.
    ///   - isUnified: Whether the host has cgroup v2 only.
    /// - Throws: `cgroup` or `timeout` if there is no bus, or if it doesn't answer.
    init(_ unit: MadeUnit, _ plan: UnitPlan, isUnified: Bool) throws(RuntimeError) {
        self.unit = unit
        self.plan = plan
        self.isUnified = isUnified
        do throws(RuntimeError) {
            manager = try unit.connect(until: Deadline(milliseconds: MadeUnit.patience))
        } catch {
            throw UnitStart.failure(of: unit, error)
        }
    }

    /// Waits for the connection. Without one there is no unit, and none could be stopped.
    ///
    /// - Returns: The unit, to be recorded before `request`.
    /// - Throws: `cgroup` or `timeout` if the bus doesn't accept us, or if it doesn't answer.
    func connect() throws(RuntimeError) -> MadeUnit {
        do throws(BusError) {
            try manager.establish(until: Deadline(milliseconds: MadeUnit.patience))
        } catch {
            throw UnitStart.failure(of: unit, error.error)
        }
        return unit
    }

    private static func failure(of unit: MadeUnit, _ error: RuntimeError) -> RuntimeError {
        error.prefixed("can't start unit \"" + unit.name.displayText + "\": ")
    }

    /// What systemd was asked for.
    struct Request {
        fileprivate let process: Int32
        fileprivate let properties: [UnitProperty]
        fileprivate let job: SystemdJob
        fileprivate let deadline: Deadline
    }

    /// Asks systemd to start the unit, and doesn't wait for it.
    ///
    /// - Parameter process: The unit's first process: systemd makes a scope only around a process.
    /// - Returns: The request, for `finish`.
    /// - Throws: `cgroup` or `timeout` if systemd can't be asked.
    func request(around process: Int32) throws(RuntimeError) -> Request {
        let deadline = Deadline(milliseconds: MadeUnit.patience)
        do throws(BusError) {
            let properties = try UnitLimits.accepted(
                plan.properties(description: unit.description, process: process, isUnified: isUnified), by: manager,
                until: deadline)
            let job = try manager.startTransientUnit(name: unit.name, properties: properties, until: deadline)
            return Request(process: process, properties: properties, job: job, deadline: deadline)
        } catch {
            throw error.error
        }
    }

    /// Waits until the unit's cgroup is there and has the process.
    ///
    /// - Parameters:
    ///   - request: What systemd was asked for.
    ///   - procfs: The host's procfs.
    /// - Returns: The path of the cgroup.
    /// - Throws: `cgroup` if there is a unit of that name, or if systemd doesn't start it; `timeout` if systemd takes too long.
    func finish(_ request: Request, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> CgroupPath {
        do throws(BusError) {
            try wait(for: request)
        } catch {
            throw error.error
        }
        let places = try CgroupHost.membership(procfs: procfs, process: request.process)
        // If the process ended before systemd could move it, this is still a cgroup of the caller's: the container's processes
        // would be taken to be there, and ended. So the unit's name is required. systemd writes "_" before a name such as
        // "cpu.slice".
        guard let place = places.first(where: { $0.subsystems == (isUnified ? "" : "name=systemd") }),
            let directory = place.path.split(separator: UInt8(ascii: "/")).last,
            directory == unit.name || directory == "_" + unit.name
        else {
            throw RuntimeError(
                .cgroup, "systemd hasn't put the container's first process into the unit \"" + unit.name.displayText + "\"")
        }
        return try CgroupPath(text: place.path)
    }

    private func wait(for request: Request) throws(BusError) {
        let deadline = request.deadline
        do throws(BusError) {
            return try manager.wait(for: request.job, until: deadline)
        } catch  where error.isUnitExists {
            // A unit that has failed has no processes any more, and only keeps its name.
            try? manager.resetFailedUnit(name: unit.name, until: deadline)
        }
        do throws(BusError) {
            let job = try manager.startTransientUnit(name: unit.name, properties: request.properties, until: deadline)
            try manager.wait(for: job, until: deadline)
        } catch  where error.isUnitExists {
            let name = unit.name.displayText
            throw BusError(
                RuntimeError(
                    .cgroup, "the unit \"" + name + "\" exists already", pointer: "/linux/cgroupsPath",
                    hint: "\"systemctl status " + name + "\" shows what runs in it; stop it, or choose another name"))
        }
    }
}
