import CHarness
import Testing

@Suite("user", .needsRoot, .sandboxed)
struct UserTests {
    private func status(_ field: String, of text: String) -> [String] {
        (text.lines.first { $0.hasPrefix(field + ":") } ?? "").dropFirst(field.count + 1).description.words
    }

    @Test(arguments: [0, 1000, 65534]) func idsAreSetInEverySense(number: Int) throws {
        let seen = try output(of: "cat", "/proc/self/status") {
            $0.process.user = ["uid": .number(number), "gid": .number(number + 1)]
        }
        #expect(status("Uid", of: seen) == Array(repeating: "\(number)", count: 4))
        #expect(status("Gid", of: seen) == Array(repeating: "\(number + 1)", count: 4))
    }

    @Test func groupsAreTheConfigsAlone() throws {
        let seen = try output(of: "cat", "/proc/self/status") {
            $0.process.user = ["uid": 1000, "gid": 1000, "additionalGids": [5, 6, 4_000_000_000]]
        }
        #expect(status("Groups", of: seen) == ["5", "6", "4000000000"])
    }

    @Test func withoutAdditionalGroupsThereAreNone() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "attributes"]) }
        let finished = try bundle.run { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(finished.output.contains("groups=\n"), "\(finished)")
    }

    // podman run --group-add keep-groups
    @Test(arguments: ["1": "10 11 12 ", "0": ""])
    func callersGroupsAreKeptWhereTheAnnotationOfCrunAsksForThat(value: String, groups: String) throws {
        let bundle = try Bundle {
            $0.annotations = ["run.oci.keep_original_groups": .string(value)]
            $0.runs("probe attributes; exec sleep 1000")
        }
        var create = try bundle.command("create")
        create.arguments = [Workspace.probe, "odd"] + create.arguments
        let created = try create.run()
        #expect(created.succeeded, "\(created)")
        let container = try Container(of: bundle, created)
        try container.start()
        try container.waitFor("groups=\(groups)\n")
        let exec = try container.exec("probe", "attributes") { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(exec.output.contains("groups=\(groups)\n"), "\(exec)")
    }

    @Test(arguments: [0, 0o022, 0o077, 0o777]) func umaskIsSet(mask: Int) throws {
        let seen = try output(of: "probe", "attributes") { $0.process.user.umask = .number(mask) }
        #expect(
            seen.hasPrefix(
                "umask=" + String(repeating: "0", count: 3 - String(mask, radix: 8).count) + String(mask, radix: 8) + "\n"))
    }

    @Test func umaskIs022UnlessSet() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "attributes"]) }
        let finished = try bundle.run { $0.wrap(in: "umask 0137") }
        #expect(finished.output.hasPrefix("umask=022\n"), "\(finished)")
    }

    @Test func idsAreThoseOfTheUserNamespace() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.process.user = ["uid": 7, "gid": 8, "additionalGids": [9]]
            $0.runs("cat /proc/self/status; echo ready; sleep 1000")
        }
        let container = try bundle.start()
        try container.waitFor("ready")
        let inside = container.output
        #expect(status("Uid", of: inside).first == "7")
        #expect(status("Gid", of: inside).first == "8")
        #expect(status("Groups", of: inside) == ["9"])
        let outside = read("/proc/\(container.pid)/status")
        #expect(status("Uid", of: outside).first == "100007")
        #expect(status("Gid", of: outside).first == "100008")
        #expect(status("Groups", of: outside) == ["100009"])
    }

    // config-linux.md, "User namespace mappings": mappings don't change the owners of files.
    @Test func filesKeepTheirOwnersUnderAMapping() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.runs(arguments: ["stat", "-c", "%u:%g", "/etc/owned"])
        }
        try write("", to: bundle.rootfs + "/etc/owned")
        #expect(chown(bundle.rootfs + "/etc/owned", 100_005, 7) == 0)
        #expect(try bundle.output() == "5:65534\n")
        let after = try metadata(bundle.rootfs + "/etc/owned")
        #expect(after.st_uid == 100_005 && after.st_gid == 7)
        #expect(try metadata(bundle.rootfs).st_uid == 0)
    }

    @Test func idThatIsNotMappedIsRefused() throws {
        let message = try refusal {
            $0.mapUsers()
            $0.process.user = ["uid": 70000, "gid": 0]
        }
        #expect(message.points(to: "/process/user/uid"))
    }

    @Test func groupThatIsNotMappedIsRefused() throws {
        let message = try refusal {
            $0.mapUsers()
            $0.process.user = ["uid": 0, "gid": 0, "additionalGids": [1, 70000]]
        }
        #expect(message.points(to: "/process/user/additionalGids/1"))
    }

    // The file's group may not read it, but others may. If the runtime dropped the group, the process could read the file.
    @Test func groupThatIsDeniedAFileStaysDenied() throws {
        let bundle = try Bundle {
            $0.process.user = ["uid": 1000, "gid": 1000, "additionalGids": [2000]]
            $0.runs("cat /etc/denied 2>&1 || true")
        }
        try write("secret", to: bundle.rootfs + "/etc/denied", mode: 0o704)
        #expect(chown(bundle.rootfs + "/etc/denied", 0, 2000) == 0)
        #expect(try bundle.output().contains("Permission denied"))
    }
}
