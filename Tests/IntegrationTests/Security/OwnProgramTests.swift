import CHarness
import Testing

/// What a container could reach of the runtime itself: its program, its descriptors, its processes.
@Suite("the runtime's own program", .needsRoot, .sandboxed)
struct OwnProgramTests {
    // CVE-2019-5736 and, for the page cache, CVE-2022-0847: a process that waits in a container must not run the host's file,
    // nor share its pages.
    @Test func waitingProcessRunsFromASealedCopy() throws {
        let (copy, seals) = try program(of: try Bundle().create())
        let host = try metadata(Workspace.runtime)
        #expect(copy.st_dev != host.st_dev || copy.st_ino != host.st_ino)
        // F_SEAL_SEAL, SHRINK, GROW and WRITE.
        #expect(seals & 0xF == 0xF)
    }

    private func program(of container: Container) throws -> (stat, seals: Int32) {
        let descriptor = h_open("/proc/\(container.pid)/exe", O_RDONLY | O_CLOEXEC, 0)
        #expect(descriptor >= 0)
        defer { close(descriptor) }
        var status = stat()
        #expect(fstat(descriptor, &status) == 0)
        return (status, h_seals(descriptor))
    }

    // With CAP_SYS_ADMIN, a container could open a mapped file through /proc/PID/map_files, and write to it.
    @Test func waitingProcessMapsNoFileOfTheHosts() throws {
        let container = try Bundle().create()
        for mapping in read("/proc/\(container.pid)/maps").lines.compactMap({ $0.words.count > 5 ? $0.words[5] : nil }) {
            let isHarmless = ["/memfd:wherry", "/dev/zero", "["].contains { mapping.hasPrefix($0) }
            #expect(isHarmless, "\(mapping)")
        }
    }

    // Making the copy takes time in proportion to its size. What only the process outside of the container runs isn't copied.
    @Test func copyHoldsOnlyWhatTheWaitingProcessNeeds() throws {
        let (copy, _) = try program(of: try Bundle().create())
        #expect(copy.st_size == (try metadata(Workspace.runtime)).st_size)
        #expect(copy.st_blocks * 512 < Processor.copySize)
    }

    @Test func copyCannotBeWritten() throws {
        let container = try Bundle().create()
        let descriptor = h_open("/proc/\(container.pid)/exe", O_WRONLY | O_CLOEXEC, 0)
        #expect(descriptor < 0)
        if descriptor >= 0 { close(descriptor) }
    }

    // The kernel executes the runtime's program as the interpreter, inside the container.
    @Test func scriptThatNamesItsInterpretersProgramDoesNoHarm() throws {
        let before = try metadata(Workspace.runtime)
        let bundle = try Bundle { $0.runs(arguments: ["/tmp/script"]) }
        try write("#!/proc/self/exe\n", to: bundle.rootfs + "/tmp/script", mode: 0o755)
        _ = try bundle.run()
        let after = try metadata(Workspace.runtime)
        #expect(after.st_ino == before.st_ino && after.st_size == before.st_size)
        #expect(after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec)
    }

    // Otherwise root of the user namespace could trace the runtime's process, or look at its descriptors.
    @Test func waitingProcessMayNotBeTraced() throws {
        let container = try Bundle { $0.mapUsers() }.create()
        #expect(try metadata("/proc/\(container.pid)/fd").st_uid == 0)
    }

    // In a shared pid namespace, other processes with CAP_SYS_PTRACE can control the waiting process.
    @Test(arguments: [true, false]) func waitingProcessHasTheContainersRightsAlone(noNewPrivileges: Bool) throws {
        let container = try Bundle {
            $0.process.noNewPrivileges = .bool(noNewPrivileges)
            $0.process.user = ["uid": 1000, "gid": 1000]
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38]],
            ]
        }.create()
        let status = read("/proc/\(container.pid)/status")
        // CAP_KILL, CAP_NET_BIND_SERVICE and CAP_AUDIT_WRITE are the container's. CAP_SETGID and CAP_SETUID serve to change
        // user and groups.
        #expect(field("CapPrm", of: status) == "00000000200004e0")
        #expect(field("CapBnd", of: status) == "0000000020000420")
        #expect(field("CapInh", of: status) == "0000000000000000")
        #expect(field("Seccomp", of: status) == "2")
        #expect(field("NoNewPrivs", of: status) == (noNewPrivileges ? "1" : "0"))
    }

    @Test func waitingProcessThatHasNoProgramHasNoRights() throws {
        let status = read("/proc/\(try Bundle { $0.process = .null }.create().pid)/status")
        for set in ["CapPrm", "CapBnd", "CapInh"] { #expect(field(set, of: status) == "0000000000000000") }
        #expect(field("NoNewPrivs", of: status) == "1")
    }

    // Relocated data is read-only, nothing is both writable and executable, and the address is random.
    @Test func programIsHardToMisuse() throws {
        func image() throws -> [(permissions: String, address: String)] {
            let container = try Bundle().create()
            let lines = read("/proc/\(container.pid)/maps").lines
            #expect(!lines.contains { $0.contains("rwx") })
            return lines.filter { $0.contains("memfd:wherry") }.map { ($0.words[1], $0.words[0]) }
        }
        let first = try image()
        #expect(first.map(\.permissions) == ["r--p", "r-xp", "r--p", "rw-p"])
        #expect(try image().first?.address != first.first?.address)
    }

    // CVE-2024-21626: a descriptor of a host directory would be a way out.
    @Test func waitingProcessHoldsNoFileOfTheHosts() throws {
        let bundle = try Bundle()
        let container = try bundle.create { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        for name in entries(of: "/proc/\(container.pid)/fd") where (Int(name) ?? 0) > 2 {
            let target = linkTarget("/proc/\(container.pid)/fd/\(name)") ?? ""
            let harmless = ["socket:[", "anon_inode:", "pipe:[", "/memfd:"].contains { target.hasPrefix($0) }
            #expect(harmless, "descriptor \(name) is \(target)")
        }
    }

    // CVE-2024-21626 again: cwd must not be a descriptor of the caller, by any of its names.
    @Test(arguments: ["/proc/self/fd/", "/proc/1/fd/", "/proc/thread-self/fd/", "/link/"])
    func workingDirectoryIsNoDescriptorOfTheCallers(prefix: String) throws {
        for number in [3, 4, 5, 6, 7, 8, 9, 10, 39, 1000] {
            let bundle = try Bundle {
                $0.process.cwd = .string(prefix + String(number))
                $0.runs("ls")
            }
            try makeLink(bundle.rootfs + "/link", to: "/proc/self/fd")
            let finished = try bundle.run { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
            #expect(finished.ending == .exited(1), "\(finished)")
            #expect(finished.output.isEmpty)
        }
    }

    // CVE-2020-15257: an abstract socket can be reached from every container in the host's network namespace.
    @Test func noAbstractSocketIsMade() throws {
        func abstract() -> Set<String> {
            Set(read("/proc/net/unix").lines.compactMap { $0.words.last }.filter { $0.hasPrefix("@") })
        }
        let before = abstract()
        let container = try Bundle { $0.drop(namespace: "network") }.create()
        #expect(abstract().subtracting(before).isEmpty)
        try container.delete()
    }

    @Test func containersProcessKeepsNothingOfTheWaitingOne() throws {
        let seen = try output(ofScript: "cat /proc/self/comm; probe attributes; probe descriptors")
        #expect(seen.hasPrefix("cat\n"))
        #expect(seen.contains("dumpable=1\n"))
    }
}
