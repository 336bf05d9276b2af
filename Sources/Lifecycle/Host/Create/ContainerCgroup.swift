import Bytes
import Cgroups
import Errors
import Linux
import Systemd

extension ContainerTransaction {
    /// Writes the record and makes the container's cgroup. If systemd is to make that, this only begins to connect to systemd.
    func prepareCgroup() throws(RuntimeError) {
        guard let planned = plan.cgroup else { return try directory.write(record) }
        guard let unit = planned.unit else { return try makeCgroup(planned) }
        try directory.write(record)
        step(.startUnit)
        // The time tells the unit from that of an earlier container of the same name.
        let made = MadeUnit(
            name: unit.placement.unit, owner: unit.owner,
            description: "container " + record.id + " of wherry, created " + record.created)
        self.unit = try UnitStart(made, unit, isUnified: planned.isUnified)
    }

    /// Has systemd make the container's unit around a process, and makes the rest of its cgroup. Then it closes the connection,
    /// over which systemd would tell of all other jobs, too.
    ///
    /// This doesn't say in which step it is: Init works meanwhile, and its step stands in the memory that both share for that.
    func makeUnit(around process: Int32) throws(RuntimeError) {
        guard let unit, let planned = plan.cgroup else { return }
        do throws(RuntimeError) {
            // Not before: for a unit in the record, `delete --force` has to ask the bus, which may never answer.
            record.made.add(.unit(try unit.connect()))
            try directory.write(record)
            let request = try unit.request(around: process)
            // While systemd works.
            let filter = planned.resources.loadDeviceFilter()
            let path = try unit.finish(request, procfs)
            self.unit = nil
            moveAhead = nil
            try make(planned, path, around: process).applyEarly(planned.resources, filter: filter)
            warn()
        } catch {
            throw error.during("start unit")
        }
    }

    /// Makes the container's cgroup and sets the limits that don't disturb Init.
    private func makeCgroup(_ planned: CgroupPlan) throws(RuntimeError) {
        step(.makeCgroup)
        let cgroup = try make(planned, planned.path)
        step(.writeCgroupLimits)
        try cgroup.applyEarly(planned.resources)
        warn()
    }

    /// Makes the container's cgroup.
    ///
    /// - Parameters:
    ///   - planned: The plan.
    ///   - path: The path of the cgroup, or of the unit's cgroup.
    ///   - process: The unit's first process; nil without a unit.
    /// - Returns: The cgroup.
    /// - Throws: `cgroup` if it can't be made, or is in use.
    private func make(_ planned: CgroupPlan, _ path: CgroupPath, around process: Int32? = nil) throws(RuntimeError) -> Cgroup {
        let unit = planned.unit
        let cgroup = try Cgroup(
            host: planned.host, path: unit?.cgroup(below: path) ?? path, access: planned.access,
            unitDepth: unit == nil ? nil : path.components.count)
        // Recorded before the cgroup is made: if we're killed, `delete --force` finds it.
        record.made.add(.cgroup(cgroup.record))
        try directory.write(record)
        do throws(RuntimeError) {
            try cgroup.create(
                needs: planned.resources.unifiedControllers, moving: unit?.subgroup == nil ? nil : process)
            if cgroup.stoodBefore { try refuseCgroupOfAnother(cgroup) }
        } catch {
            record.made.remove(.cgroup(cgroup.record))
            throw error
        }
        self.cgroup = cgroup
        record.made.add(.cgroup(cgroup.record))
        return cgroup
    }

    private func warn() {
        for warning in cgroup?.warnings ?? [] { settings.log.warn(warning) }
    }

    /// Refuses a cgroup that another container's record names: two containers in one cgroup would end each other's processes.
    ///
    /// A cgroup with processes of others has been refused already. But the other container may have none: Init isn't cloned yet, or
    /// the container has stopped and isn't deleted. Then only its record shows that the cgroup is taken; the record is
    /// written before the cgroup is made.
    private func refuseCgroupOfAnother(_ cgroup: Cgroup) throws(RuntimeError) {
        for id in try root.containers() where id != plan.identity.id {
            let other: ContainerRecord?
            do throws(RuntimeError) {
                other = try ContainerDirectory.open(id, in: root)?.record()
            } catch  where error.code == .corruptState {
                // A damaged record doesn't say which cgroup its container has.
                continue
            }
            guard let other = other?.cgroup, other.overlaps(cgroup.record) else { continue }
            cgroup.undo()
            throw RuntimeError(
                .cgroup, "the cgroup is that of container \"" + id.displayText + "\"", pointer: "/linux/cgroupsPath",
                path: cgroup.path.relative, hint: "delete that one first, or choose a cgroup of the container's own")
        }
    }

    /// Sets the limits that also apply to the container's first process, which must have finished its preparation, gives the
    /// cgroup to the user in the plan, if there is one, and moves the process into its own cgroup below, if it's to have one.
    func limitLate() throws(RuntimeError) {
        step(.writeLateCgroupLimits)
        guard let cgroup, let planned = plan.cgroup else { return }
        if let unit = record.made.unit, let limits = planned.unit?.lateLimits { try unit.set(limits) }
        try cgroup.applyLate(planned.resources)
        if let owner = planned.owner { try cgroup.delegate(to: owner) }
        if let payload = planned.payload { try cgroup.makePayload(payload, for: record.pid, owner: planned.owner) }
    }
}
