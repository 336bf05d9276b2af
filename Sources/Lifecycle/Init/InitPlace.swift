import Cgroups
import Errors
import Linux

/// The cgroup that Init is to enter, and that it shows in the container's mounts.
struct InitPlace {
    /// The files through which Init enters its cgroups of v1: none on a host with cgroup v2 alone.
    let tasks: CgroupTasks
    let view: CgroupView

    /// The place in a cgroup that has been made.
    ///
    /// - Parameters:
    ///   - plan: The container's plan.
    ///   - cgroup: The container's cgroup. nil for a container without one.
    /// - Throws: `cgroup` if the files by which Init enters the cgroup can't be opened.
    init(_ plan: Plan, _ cgroup: Cgroup?) throws(RuntimeError) {
        tasks = try cgroup?.openTasks() ?? CgroupTasks()
        view = plan.cgroupView(cgroup)
    }

    /// What Host tells in the message `placed`.
    ///
    /// - Parameters:
    ///   - plan: The container's plan.
    ///   - record: The container's cgroup.
    ///   - descriptors: The files by which Init enters it: those of `Cgroup.openTasks`.
    /// - Throws: `invalidConfig` if the record's path isn't the path of a cgroup.
    init(_ plan: Plan, _ record: CgroupRecord, _ descriptors: [SharedDescriptor]) throws(RuntimeError) {
        let cgroup = try Cgroup(record: record)
        tasks = CgroupTasks(descriptors, of: cgroup, withUnified: true)
        view = plan.cgroupView(cgroup)
    }
}
