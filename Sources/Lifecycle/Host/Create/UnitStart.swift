import Bytes
import Cgroups
import Errors
import Linux
import Systemd

extension MadeUnit {
    /// Starts the unit, and waits until its cgroup is there.
    ///
    /// - Parameters:
    ///   - plan: The unit's plan.
    ///   - process: The unit's first process.
    ///   - isUnified: Whether the host has cgroup v2 only.
    ///   - manager: A connection to the manager that is to have the unit.
    /// - Returns: The path of the cgroup.
    /// - Throws: `cgroup` if there is a unit of that name, or if systemd doesn't start it; `timeout` if systemd takes too long.
    func start(_ plan: UnitPlan, process: Int32, isUnified: Bool, by manager: SystemdManager) throws(RuntimeError) -> CgroupPath {
        let properties = plan.properties(description: description, process: process, isUnified: isUnified)
        let place: UnitProperty.Value
        let deadline = Deadline(milliseconds: MadeUnit.patience)
        do throws(BusError) {
            let accepted = try UnitLimits.accepted(properties, by: manager, until: deadline)
            try manager.wait(for: try start(accepted, manager, until: deadline), until: deadline)
            // Not always where the name says: systemd writes "_" before a name such as "cpu.slice".
            place = try manager.unitProperty("ControlGroup", of: name, interface: "Scope", until: deadline)
        } catch {
            throw error.error
        }
        guard case .string(let path) = place, !path.isEmpty else {
            throw RuntimeError(.cgroup, "systemd has made no cgroup for the unit \"" + name.displayText + "\"")
        }
        return try CgroupPath(text: path)
    }

    private func start(_ properties: [UnitProperty], _ manager: SystemdManager, until deadline: Deadline) throws(BusError)
        -> SystemdJob
    {
        do throws(BusError) {
            return try manager.startTransientUnit(name: name, mode: .replace, properties: properties, until: deadline)
        } catch  where error.isUnitExists {
            // A unit that has failed has no processes any more, and only keeps its name.
            try? manager.resetFailedUnit(name: name, until: deadline)
        }
        do throws(BusError) {
            return try manager.startTransientUnit(name: name, mode: .replace, properties: properties, until: deadline)
        } catch  where error.isUnitExists {
            throw BusError(
                RuntimeError(
                    .cgroup, "the unit \"" + name.displayText + "\" exists already", pointer: "/linux/cgroupsPath",
                    hint: "\"systemctl status " + name.displayText + "\" shows what runs in it; stop it, or choose another name"))
        }
    }
}
