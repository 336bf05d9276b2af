import Bytes
import Cgroups
import Errors
import Linux
import OCI

extension Init {
    /// Joins and makes the namespaces that the first clone3 couldn't.
    ///
    /// Cgroup namespaces (`enterCgroups`) and a new time namespace (`prepareSession`) follow later. A joined pid namespace
    /// comes last (`leavePlace`), unless the plan is staged.
    @inline(never)
    mutating func enterNamespaces() throws(RuntimeError) {
        step(.enterNamespaces)
        let namespaces = plan.namespaces
        if namespaces.isStaged {
            try enterStaged()
        } else {
            if namespaces.origin(of: .user) == .new {
                try awaitMapping()
                try becomeRoot()
                try makeLate()
            } else {
                for join in namespaces.joins where join.kind != .pid && join.kind != .cgroup { try enter(join) }
            }
        }
        // From here on the container's processes may see this one: they must not trace it or read its memory (CVE-2016-9962).
        try explaining(.system, "the process can't be made undumpable", OwnProcess.setDumpable(false))
    }

    /// Waits until systemd has made the container's unit around this process.
    func awaitPlace() throws(RuntimeError) -> InitPlace {
        step(.waitForUnit)
        guard let heard = try conversation.hear(within: .endless), case .placed(let record) = heard.message else {
            OwnProcess.exit(1)
        }
        return try InitPlace(plan, record, heard.descriptors)
    }

    func enter(_ join: NamespacePlan.Join) throws(RuntimeError) {
        guard let file = plan.namespaceFiles.file(of: join.kind) else { return }
        try explaining(
            .namespace, "the " + join.kind.name.description + " namespace can't be joined", pointer: join.pointer,
            path: join.path, file.file.enterNamespace(join.kind.flag))
    }

    /// Enters the namespaces of a staged plan (`NamespacePlan.isStaged`).
    ///
    /// First come the joined namespaces that the host's root has rights on, then the user namespace. In it the process joins
    /// and makes the others.
    private mutating func enterStaged() throws(RuntimeError) {
        let namespaces = plan.namespaces
        var later: [NamespacePlan.Join] = []
        for join in namespaces.joins where join.kind != .user && join.kind != .cgroup {
            do throws(RuntimeError) {
                try enter(join)
            } catch  where error.errno == .EPERM {
                // This namespace belongs to the user namespace that is entered next.
                later.append(join)
            }
        }
        if namespaces.origin(of: .user) == .new {
            try explaining(.namespace, "a user namespace can't be made", pointer: "/linux/namespaces", unshare(.user))
            say(.needsMapping)
            try awaitMapping()
        } else if let user = namespaces.joins.first(where: { $0.kind == .user }) {
            try enter(user)
        }
        try becomeRoot()
        for join in later { try enter(join) }
        try makeLate()
        if namespaces.origin(of: .pid) == .new {
            try context.succession?.goOn(.pid, conversation)
            // The file is that of the process that stays behind.
            status?.close()
        }
    }

    /// Makes the namespaces that must belong to the root of the user namespace.
    private func makeLate() throws(RuntimeError) {
        let late = plan.namespaces.lateFlags
        guard !late.isEmpty else { return }
        try explaining(.namespace, "namespaces can't be made", pointer: "/linux/namespaces", unshare(late))
    }

    private func awaitMapping() throws(RuntimeError) {
        step(.waitForIDMappings)
        guard try conversation.hear(within: .endless) != nil else { OwnProcess.exit(1) }
        step(.enterNamespaces)
    }

    private func becomeRoot() throws(RuntimeError) {
        try explaining(
            .namespace, "the user namespace has no root to become", pointer: "/linux/uidMappings", Credentials.becomeMappedRoot())
        // The change of user cleared the parent-death signal.
        try dieWithHost(conversation)
    }

    /// Enters the container's v1 cgroups, then the cgroup namespace. In this order, because the root of a new cgroup namespace
    /// is the cgroup that its maker is in.
    ///
    /// A thread that moves itself, by "0" in `tasks`, waits for no RCU grace period, unlike a pid that is written to
    /// cgroup.procs.
    func enterCgroups(_ place: InitPlace) throws(RuntimeError) {
        step(.enterCgroups)
        try place.tasks.enter()
        place.tasks.closeFiles()
        let namespaces = plan.namespaces
        if namespaces.origin(of: .cgroup) == .new {
            try makeCgroupNamespace()
        } else if let join = namespaces.joins.first(where: { $0.kind == .cgroup }) {
            try enter(join)
        }
    }

    func makeCgroupNamespace() throws(RuntimeError) {
        try explaining(.namespace, "a cgroup namespace can't be made", pointer: "/linux/namespaces", unshare(.cgroup))
    }

    /// Sets the clock offsets and the labels, and brings the loopback interface up, before any file is made. Opens a procfs if
    /// a step needs one.
    @inline(never)
    mutating func prepareSession() throws(RuntimeError) {
        let process = plan.process?.spec
        let needsProcfs =
            !plan.sysctls.isEmpty || process?.apparmorProfile != nil || process?.selinuxLabel != nil
            || plan.namespaces.origin(of: .time) == .new
        if needsProcfs {
            step(.openProcfs)
            procfs = try explaining(.system, "the process has no procfs of its own to set itself up by") {
                () throws(SystemError) in
                do throws(SystemError) {
                    return try ProcFileSystem.detached()
                } catch  where error.errno == .EPERM {
                    return try ProcFileSystem.copied()
                }
            }
        }
        try offsetClocks()
        try setLabels()
        if plan.namespaces.origin(of: .network) == .new {
            step(.bringLoopbackUp)
            try explaining(.namespace, "the loopback interface can't be brought up", OwnProcess.bringUpLoopback())
        }
    }

    private func setLabels() throws(RuntimeError) {
        guard let process = plan.process?.spec else { return }
        switch procfs {
        case .some(let procfs): try Labels.set(for: process, by: procfs)
        case nil: break
        }
    }

    /// Makes a time namespace, sets its offsets and then joins it.
    ///
    /// unshare(2) moves only the later children into a new time namespace, and before kernel 6.3 execve doesn't enter it
    /// either. The offsets can be set only while no process is in it (time_namespaces(7)).
    private func offsetClocks() throws(RuntimeError) {
        guard plan.namespaces.origin(of: .time) == .new else { return }
        step(.setClockOffsets)
        try explaining(.namespace, "a time namespace can't be made", pointer: "/linux/timeOffsets") { () throws(SystemError) in
            try unshare(.time)
            var text: [UInt8] = []
            for (name, offset) in [
                ("monotonic", plan.timeOffsets?.monotonic), ("boottime", plan.timeOffsets?.boottime),
            ] {
                guard let offset else { continue }
                text += Array(name.utf8) + [0x20] + ByteString(decimal: offset.secs).bytes + [0x20]
                text += ByteString(decimal: offset.nanosecs).bytes + [0x0A]
            }
            switch procfs {
            case .some(let procfs): try enterTimeNamespace(procfs, offsets: text)
            case nil: break
            }
        }
    }

    private func enterTimeNamespace(_ procfs: borrowing ProcFileSystem, offsets: [UInt8]) throws(SystemError) {
        let own = try procfs.own()
        if !offsets.isEmpty {
            // In a user namespace this process can write the file only while it's dumpable. In a new pid namespace no other
            // process can see it yet, and processes on the host gain nothing by it.
            let isOwnersAlone = plan.namespaces.has(.user) && plan.namespaces.origin(of: .pid) == .new
            if isOwnersAlone { try? OwnProcess.setDumpable(true) }
            defer { if isOwnersAlone { try? OwnProcess.setDumpable(false) } }
            try procfs.write(own + "/timens_offsets", offsets)
        }
        try FileDescriptor.open(own + "/ns/time_for_children", at: procfs.root.rawValue, flags: .readOnly)
            .enterNamespace(.time)
    }
}
