import CHarness
import Testing

/// What `check` says about configurations that can be made.
@Suite("check's advice", .needsRoot, .sandboxed)
struct CheckAdviceTests {
    private func advice(_ configure: (inout JSON) throws -> Void) throws -> [String] {
        let checked = try Bundle(configure).check()
        #expect(checked.status == 0, "\(checked.finished)")
        return checked.messages("advice")
    }

    /// A configuration for which there is nothing to advise.
    private func limit(_ config: inout JSON) {
        config.linux.resources = ["pids": ["limit": 100], "memory": ["limit": 100_000_000]]
    }

    @Test func nothingIsSaidAboutALimitedContainer() throws { #expect(try advice(limit) == []) }

    private func notes(_ configure: (inout JSON) -> Void) throws -> [String] { try Bundle(configure).check().messages("note") }

    // With a mount missing, nobody can tell whether the program would be there.
    @Test func programThatMayBeOnAMissingMountIsNoted() throws {
        let notes = try notes {
            $0.process.args = ["/data/program"]
            $0.mounts.append(.mount("/data", type: "bind", source: "/nowhere", ["bind"]))
        }
        #expect(notes.count == 1)
        #expect(notes.first?.hasPrefix("/process/args/0: ") == true && notes.first?.contains("/data/program") == true)
    }

    @Test func programThatIsMaskedIsMissing() throws {
        let checked = try Bundle { $0.linux.maskedPaths = ["/bin"] }.check()
        #expect(checked.status == 1)
        #expect(checked.errors.count == 1 && checked.errors[0].contains("executable file not found"), "\(checked.errors)")
    }

    @Test func terminalNeedsASocket() throws {
        #expect(
            try notes { $0.process.terminal = true }
                == ["/process/terminal: create needs --console-socket for it; run and a terminal are enough"])
        #expect(try notes { _ in } == [])
    }

    @Test func missingLimitsAreNamed() throws {
        let advice = try advice { $0.linux.resources = ["pids": ["limit": -1]] }
        #expect(advice.count == 2)
        #expect(advice.first?.hasPrefix("/linux/resources/pids: no limit of processes") == true)
        #expect(advice.last?.hasPrefix("/linux/resources/memory: no limit of memory") == true)
    }

    @Test func hookWithoutATimeout() throws {
        let advice = try advice {
            limit(&$0)
            $0.hooks.createRuntime = [["path": "/bin/true", "timeout": 1], ["path": "/bin/true"]]
        }
        #expect(advice == ["/hooks/createRuntime/1: the hook has no timeout, so it can block for ever"])
    }

    @Test func capabilityThatReachesTheHost() throws {
        func mighty(_ config: inout JSON) {
            limit(&config)
            config.process.capabilities = .capabilities(["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"])
        }
        let sentence =
            "/process/capabilities/bounding: CAP_SYS_ADMIN without a user namespace lets the container take over the host"
        #expect(try advice(mighty) == [sentence])
        let amongTheHosts = try advice {
            mighty(&$0)
            $0.drop(namespace: "pid")
        }
        #expect(amongTheHosts.count == 2, "the host's processes can be traced")
        let inAUserNamespace = try advice {
            mighty(&$0)
            $0.mapUsers()
        }
        #expect(inAUserNamespace == [])
    }

    @Test func readOnlyThatDoesNotHoldForMountsBelow() throws {
        let source = try Sandbox.current.directory + "/source"
        try makeDirectory(source)
        try Sandbox.current.mount("tmpfs", on: source + "/below", type: "tmpfs", data: "size=64k")
        func bind(_ options: [String]) throws -> [String] {
            try advice {
                limit(&$0)
                $0.mounts.append(.mount("/mnt", type: "bind", source: source, options))
            }
        }
        #expect(
            try bind(["rbind", "ro"]) == [
                "/mounts/5 (/mnt): \"ro\" doesn't hold for \(source)/below, which is mounted below the source"
            ])
        #expect(try bind(["rbind", "rro"]) == [])
        #expect(try bind(["bind", "ro"]) == [])
    }

    @Test func writableCgroupWithoutANamespace() throws {
        func mount(_ options: [String]) throws -> [String] {
            try advice {
                limit(&$0)
                $0.drop(namespace: "cgroup")
                $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", options))
            }
        }
        #expect(
            try mount([]) == [
                "/mounts/5 (/sys/fs/cgroup): the container can write to its cgroup's files, and so lift its own limits"
            ])
        #expect(try mount(["ro"]) == [])
    }

    @Test func lateHookThatIsNotThere() throws {
        let checked = try Bundle { $0.hooks.poststop = [["path": "/none/at/all", "timeout": 1]] }.check()
        #expect(checked.status == 0)
        #expect(
            checked.messages("warning") == [
                "/hooks/poststop/0: error running poststop hook #0 (/none/at/all): exit status 127, output: "
                    + "no such file or directory"
            ])
    }

    @Test func planNamesEveryPart() throws {
        let checked = try Bundle {
            limit(&$0)
            $0.hostname = "name"
            $0.linux.sysctl = ["kernel.msgmax": "4321"]
            $0.linux.maskedPaths = ["/proc/kcore"]
            $0.linux.devices = [["path": "/dev/fuse", "type": "c", "major": 10, "minor": 229]]
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [["names": ["execve"], "action": "SCMP_ACT_ALLOW"]],
            ]
            $0.process.rlimits = [["type": "RLIMIT_NOFILE", "soft": 64, "hard": 128]]
            $0.hooks.poststart = [["path": "/bin/true", "timeout": 3]]
            $0.mapUsers()
            $0.drop(mount: "/sys")
        }.check()
        #expect(checked.status == 0, "\(checked.finished)")
        let plan = checked.report.plan
        #expect(plan.container.elements.contains(["property": "hostname", "value": "name"]))
        #expect(plan.namespaces.elements.contains(["type": "user", "origin": "new"]))
        #expect(plan.namespaces.elements.contains(["type": "time", "origin": "inherited"]))
        #expect(plan.idMappings[0] == ["kind": "uid", "container": "0", "host": "100000", "size": "65536"])
        #expect(plan.mounts[0].destination == "/proc")
        #expect(plan.mounts[0].options == "nosuid,noexec,nodev")
        #expect(plan.devices[0] == ["path": "/dev/fuse", "type": "c", "number": "10:229"])
        #expect(plan.hiddenPaths[0] == ["path": "/proc/kcore", "how": "masked"])
        #expect(plan.sysctls[0] == ["key": "kernel.msgmax", "value": "4321"])
        #expect(plan.cgroup.elements.contains(["file": "pids.max", "value": "100"]))
        #expect(plan.process.elements.contains(["property": "program", "value": "true"]))
        #expect(plan.capabilities[0] == ["set": "bounding", "capabilities": "CAP_KILL CAP_NET_BIND_SERVICE CAP_AUDIT_WRITE"])
        #expect(plan.rlimits[0] == ["type": "RLIMIT_NOFILE", "soft": "64", "hard": "128"])
        #expect(
            plan.seccomp.elements.contains(["property": "defaultAction", "value": "SCMP_ACT_ERRNO 1 (operation not permitted)"]))
        #expect(
            plan.seccomp.elements.contains(["property": "newerCalls", "value": "SCMP_ACT_ERRNO 38 (function not implemented)"]))
        #expect(plan.hooks[0] == ["when": "poststart", "path": "/bin/true", "timeout": "3 s"])
    }

    /// With systemd as the manager, the plan has the unit that `create` would start.
    @Test func planNamesTheUnit() throws {
        let checked = try Bundle {
            limit(&$0)
            $0.linux.cgroupsPath = "system.slice:wherry:check"
        }.check(global: ["--systemd-cgroup"])
        #expect(checked.report.plan.unit.elements.contains(["property": "name", "value": "wherry-check.scope"]))
        #expect(checked.report.plan.unit.elements.contains(["property": "TasksMax", "value": "100"]))
    }
}
