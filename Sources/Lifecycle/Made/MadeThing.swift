import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Resctrl

/// One thing that making a container leaves on the host.
///
/// A container's record lists them. `delete` undoes the list from its end to its beginning, and so does a `create` or `restore`
/// that fails. A new kind is a case here, with a file of its own that records and undoes it.
enum MadeThing: Sendable {
    /// The poststop hooks must run when the container is deleted: it was created, or one of its other hooks may have run. Only
    /// a container that has such hooks lists them.
    case hooks
    /// Mounts of a container without a mount namespace of its own: see MountJournal.
    case mounts
    case resctrl(ResctrlRecord)
    case cgroup(CgroupRecord)
    case unit(MadeUnit)
    case process(MadeProcess)

    /// The thing's place in the list. It isn't always the order of making: poststop hooks run last, when everything else is
    /// undone.
    fileprivate var place: Int {
        switch self {
        case .hooks: 0
        case .mounts: 1
        case .resctrl: 2
        case .cgroup: 3
        case .unit: 4
        case .process: 5
        }
    }

    private var name: StaticString {
        switch self {
        case .hooks: "hooks"
        case .mounts: "mounts"
        case .resctrl: "resctrl"
        case .cgroup: "cgroup"
        case .unit: "unit"
        case .process: "process"
        }
    }

    // MARK: Recording

    /// Writes the thing as an object.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", name)
            switch self {
            case .hooks, .mounts: break
            case .resctrl(let record): record.write(to: &json)
            case .cgroup(let record): record.write(to: &json)
            case .unit(let unit): unit.write(to: &json)
            case .process(let process): process.write(to: &json)
            }
        }
    }

    /// Reads the object that `write(to:)` wrote: nil if it's damaged.
    init?(_ json: JSONValue) {
        switch json["kind"]?.string {
        case "hooks": self = .hooks
        case "mounts": self = .mounts
        case "resctrl":
            guard let record = ResctrlRecord(json) else { return nil }
            self = .resctrl(record)
        case "cgroup":
            guard let record = CgroupRecord(json) else { return nil }
            self = .cgroup(record)
        case "unit":
            guard let unit = MadeUnit(json) else { return nil }
            self = .unit(unit)
        case "process":
            guard let process = MadeProcess(json) else { return nil }
            self = .process(process)
        default: return nil
        }
    }

    // MARK: Undoing

    /// Undoes this thing. It's no error if the thing is gone already, so that undoing can be repeated.
    func undo(_ container: UndoneContainer, _ directory: borrowing FileDescriptor, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError)
    {
        switch self {
        case .process(let process): try process.end(in: container.made.cgroup, procfs)
        case .unit(let unit):
            try unit.undo(
                container.made.cgroup,
                mayHaveFailed: container.state.annotations.contains { $0.key == "org.systemd.property.CollectMode" })
        case .resctrl(let record): try record.remove()
        // The cgroup of a unit is undone with the unit.
        case .cgroup(let record):
            if container.made.unit == nil { try record.remove(endingProcesses: container.made.process != nil) }
        case .mounts: try MountJournal.unmountAll(listedIn: directory, rootfs: container.state.rootfs, procfs)
        case .hooks:
            step(.poststopHooks)
            HookRunner.runRegardless(
                container.poststop, kind: .poststop, state: container.state, directory: container.state.bundle, log: container.log
            )
        }
    }
}

/// What undoing needs to know about the container as a whole.
struct UndoneContainer {
    let made: [MadeThing]
    /// The poststop hooks. Empty if they aren't known, because the kept configuration is damaged or missing.
    let poststop: [Hook]
    /// The state of the stopped container.
    let state: ContainerState
    let log: Log
}

extension [MadeThing] {
    /// Puts a thing in its place in the list. The list holds one thing of each kind, so the new one replaces an older one.
    mutating func add(_ thing: MadeThing) {
        remove(thing)
        insert(thing, at: firstIndex { $0.place > thing.place } ?? count)
    }

    /// Removes the thing of the same kind from the list, because it has been undone.
    mutating func remove(_ thing: MadeThing) { removeAll { $0.place == thing.place } }

    var hasHooks: Bool { contains { $0.place == MadeThing.hooks.place } }

    var process: MadeProcess? {
        for case .process(let process) in self { return process }
        return nil
    }

    var unit: MadeUnit? {
        for case .unit(let unit) in self { return unit }
        return nil
    }

    var resctrl: ResctrlRecord? {
        for case .resctrl(let record) in self { return record }
        return nil
    }

    var cgroup: CgroupRecord? {
        for case .cgroup(let record) in self { return record }
        return nil
    }
}

extension UndoneContainer {
    /// Undoes everything, from the end of the list to its beginning. Stops at the first failure and leaves the rest for another
    /// attempt.
    func undo(in directory: borrowing FileDescriptor, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        // A hook may want to release what an unmounted mount still holds, and needs descriptors even at the limit of open files.
        DescriptorClosing.closeGathered()
        for thing in made.reversed() { try thing.undo(self, directory, procfs) }
    }
}
