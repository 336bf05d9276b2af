import CHarness
import Testing

private let processLabel = "system_u:system_r:container_t:s0:c1,c2"
private let mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"

extension JSON {
    /// Gives the container the labels that engines give on a host with SELinux.
    fileprivate mutating func labels() {
        self.process.selinuxLabel = .string(processLabel)
        self.linux.mountLabel = .string(mountLabel)
    }

    /// Makes the process one that shows the labels of these subjects.
    fileprivate mutating func shows(_ subjects: [String]) { runs(arguments: ["probe", "labels"] + subjects) }
}

/// The labels are those of the policies of Fedora and of Debian.
@Suite("SELinux", .needsRoot, .needsSELinux, .sandboxed)
struct SELinuxTests {
    private func labels(of subjects: String..., configure: (inout JSON) -> Void = { _ in }) throws -> [String] {
        let bundle = try Bundle {
            $0.labels()
            $0.shows(subjects)
            configure(&$0)
        }
        try makeDirectory(bundle.rootfs + "/masked")
        try write("", to: bundle.rootfs + "/file")
        return try bundle.output().lines
    }

    private static let queues = JSON.mount("/dev/mqueue", type: "mqueue", source: "mqueue", ["nosuid", "noexec", "nodev"])

    @Test(arguments: [false, true]) func processAndItsKeyringAreLabelled(isMapped: Bool) throws {
        let seen = try labels(of: "process", "keyring") { if isMapped { $0.mapUsers() } }
        #expect(seen == [processLabel, processLabel])
    }

    @Test(arguments: [false, true]) func fileSystemsOfTheContainersOwnAreLabelled(isMapped: Bool) throws {
        let seen = try labels(of: "/dev", "/dev/fd", "/dev/shm", "/dev/pts", "/dev/pts/ptmx", "/dev/mqueue", "/masked") {
            $0.mounts.append(Self.queues)
            $0.linux.maskedPaths = ["/masked"]
            if isMapped { $0.mapUsers() }
        }
        #expect(seen == Array(repeating: mountLabel, count: 7))
    }

    @Test func terminalIsLabelled() throws {
        let bundle = try Bundle {
            $0.labels()
            $0.process.terminal = true
            $0.shows(["/dev/console", "/dev/pts/0"])
        }
        let (container, terminal) = try bundle.createWithTerminal()
        try container.start()
        try terminal.wait(for: mountLabel + "\n" + mountLabel + "\n")
    }

    // Their labels are those of all their mounts, so also of the host's.
    @Test func whatIsTheHostsKeepsItsLabel() throws {
        let bundle = try Bundle {
            $0.labels()
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["ro"]))
            $0.mounts.append(.mount("/tmp", type: "bind", source: "rootfs/var", ["bind"]))
            $0.mounts.append(.mount("/var", type: "debugfs", source: "debugfs", ["ro"]))
            $0.shows(["/", "/proc", "/sys", "/sys/fs/cgroup", "/tmp", "/var"])
        }
        let seen = try bundle.output().lines
        #expect(seen.count == 6 && !seen.contains { $0.hasSuffix(":s0:c1,c2") }, "\(seen)")
    }

    @Test func queuesOfTheHostKeepTheirLabel() throws {
        let seen = try labels(of: "/dev/mqueue") {
            $0.drop(namespace: "ipc")
            $0.mounts.append(Self.queues)
        }
        #expect(seen.count == 1 && seen[0] != mountLabel)
    }

    @Test func labelAmongTheOptionsOfAMountGoesBeforeTheOthers() throws {
        let own = "system_u:object_r:container_ro_file_t:s0:c3,c4"
        let seen = try labels(of: "/tmp", "/var") {
            $0.mounts.append(.mount("/tmp", type: "tmpfs", source: "tmpfs", ["context=" + own]))
            $0.mounts.append(.mount("/var", type: "tmpfs", source: "tmpfs", ["context=\"" + own + "\""]))
        }
        #expect(seen == [own, own])
    }

    // crun's annotation.
    @Test func annotationChoosesTheOption() throws {
        let seen = try output(of: "cat", "/proc/self/mountinfo") {
            $0.labels()
            $0.annotations = ["run.oci.mount_context_type": "rootcontext"]
            $0.mounts.append(.mount("/tmp", type: "tmpfs", source: "tmpfs"))
        }
        let line = seen.lines.first { $0.contains(" /tmp ") } ?? ""
        #expect(line.contains("rootcontext=\"\(mountLabel)\"") && line.contains("seclabel"), "\(seen)")
    }

    @Test func annotationOfNoSuchOptionIsRefused() throws {
        let message = try refusal {
            $0.labels()
            $0.annotations = ["run.oci.mount_context_type": "content"]
        }
        #expect(message.points(to: "/annotations/run.oci.mount_context_type"))
        #expect(message.says("\"content\" is no option for labels"))
    }

    // The kernel shows the categories in order.
    @Test func labelMayBeWrittenInAnotherForm() throws {
        let seen = try labels(of: "process", "/dev") {
            $0.process.selinuxLabel = "system_u:system_r:container_t:s0:c9,c8,c7,c1"
            $0.linux.mountLabel = "system_u:object_r:container_file_t:s0:c2,c1"
        }
        #expect(seen == ["system_u:system_r:container_t:s0:c1,c7.c9", mountLabel])
    }

    @Test(arguments: ["system_u:system_r:no_such_type_t:s0", "no label"], ["/process/selinuxLabel", "/linux/mountLabel"])
    func labelThatThePolicyDoesNotHaveIsRefused(label: String, pointer: String) throws {
        let message = try refusal {
            $0.labels()
            $0[at: pointer] = .string(label)
        }
        #expect(message.points(to: pointer))
        #expect(message.says("the label \"\(label)\" is invalid under this host's SELinux policy"))
    }

    @Test func notificationsCanBeSent() throws {
        let bundle = try Bundle {
            $0.labels()
            $0.runs("probe labels /run/notify /run/notify/notify.sock; probe notify READY=1")
        }
        let manager = try ServiceManager(of: bundle)
        let finished = try bundle.run { $0.environment.append(manager.variable) }
        let seen = finished.output.lines
        // The socket has its folder's type, but not its categories: no other container sees the folder.
        #expect(seen.count == 2 && seen[0] == mountLabel && seen[1].contains(":container_file_t:s0"), "\(finished)")
        #expect(manager.arrived().first == "READY=1")
    }

    // MARK: exec

    private func resting() throws -> Container { try IntegrationTests.resting { $0.labels() } }

    @Test func processOfExecHasTheContainersLabels() throws {
        let finished = try resting().exec("probe", "labels", "process", "keyring")
        #expect(finished.output.lines == [processLabel, processLabel], "\(finished)")
    }

    @Test func processOfExecCanHaveAnotherLabel() throws {
        let other = "system_u:system_r:container_t:s0:c5,c6"
        let finished = try resting().exec("probe", "labels", "process", options: ["--process-label", other])
        #expect(finished.output.lines == [other], "\(finished)")
    }

    // Without a label it would be less confined than the container.
    @Test func processOfAFileWithoutALabelHasTheContainers() throws {
        let finished = try resting().exec(process: .process(["probe", "labels", "process"]))
        #expect(finished.output.lines == [processLabel], "\(finished)")
    }

    @Test func execRefusesALabelThatThePolicyDoesNotHave() throws {
        let message = try resting().refusalOfExec("true", options: ["--process-label", "no-such-label"])
        #expect(message.points(to: "/process/selinuxLabel"))
        #expect(message.says("the label \"no-such-label\" is invalid under this host's SELinux policy"))
    }
}

@Suite("labels where SELinux isn't enabled", .needsRoot, .needsNoSELinux, .sandboxed)
struct NoSELinuxTests {
    // There's nothing that the label could protect.
    @Test func labelOfMountsMeansNothing() throws {
        let seen = try output(of: "cat", "/proc/self/mountinfo") {
            $0.linux.mountLabel = .string(mountLabel)
            $0.linux.maskedPaths = ["/proc/acpi"]
            $0.mounts.append(.mount("/dev/mqueue", type: "mqueue", source: "mqueue"))
        }
        #expect(seen.contains(" /dev/mqueue ") && !seen.contains("context="), "\(seen)")
    }

    // The process would be less confined than its config demands.
    @Test func labelOfAProcessIsRefused() throws {
        let message = try refusal { $0.process.selinuxLabel = .string(processLabel) }
        #expect(message.points(to: "/process/selinuxLabel") && message.says("SELinux is not enabled on this host"))
        let exec = try resting().refusalOfExec("true", options: ["--process-label", processLabel])
        #expect(exec.says("SELinux is not enabled on this host"))
    }
}
