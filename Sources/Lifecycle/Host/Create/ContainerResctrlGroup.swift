import Errors
import Linux
import Resctrl

extension ContainerTransaction {
    /// Makes or checks the container's resctrl group, and sets its shares. Init enters it first of all.
    func prepareResctrlGroup() throws(RuntimeError) {
        guard let planned = plan.resctrl else { return }
        step(.makeResctrlGroup)
        let fileSystem = try ResctrlFileSystem.mounted(procfs)
        let group = ResctrlGroup(planned.group, monitoring: planned.monitoring, in: fileSystem)
        try group.prepare(planned.schemata, makesAlways: planned.isOwn) { (makes) throws(RuntimeError) in
            // Recorded before it's made: if we're killed, `delete --force` finds it. A group that the configuration names stays.
            record.made.add(
                .resctrl(
                    ResctrlRecord(
                        path: fileSystem.path, group: planned.group, isMade: makes && planned.isOwn,
                        monitoring: planned.monitoring)))
            try directory.write(record)
        }
        resctrl = group
    }
}
