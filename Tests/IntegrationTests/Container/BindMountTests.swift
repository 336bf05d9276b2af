import CHarness
import Testing

@Suite("bind mounts", .needsRoot, .sandboxed)
struct BindMountTests {
    /// A directory of the host with a file in it, and with another file system mounted below it.
    private func source(for bundle: Bundle) throws -> String {
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", data: "size=64k")
        try write("of the host\n", to: source + "/file")
        try bundle.sandbox.mount("tmpfs", on: source + "/below", type: "tmpfs", data: "size=64k")
        try write("further down\n", to: source + "/below/file")
        return source
    }

    /// Runs a script in a container that has such a directory on /mnt, and returns what the script wrote.
    private func output(_ options: [String], _ script: String) throws -> String {
        let bundle = try Bundle { $0.runs(script) }
        bundle.config.mounts.append(.mount("/mnt", source: try source(for: bundle), options))
        return try bundle.output()
    }

    @Test func directoryAppears() throws {
        #expect(try output(["bind"], "cat /mnt/file; ls /mnt/below") == "of the host\n")
    }

    @Test func recursiveOneBringsWhatIsMountedBelow() throws {
        #expect(try output(["rbind"], "cat /mnt/file /mnt/below/file") == "of the host\nfurther down\n")
    }

    @Test func writesReachTheSource() throws {
        let bundle = try Bundle { $0.runs("echo changed > /mnt/file") }
        let source = try source(for: bundle)
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind"]))
        _ = try bundle.output()
        #expect(read(source + "/file") == "changed\n")
    }

    @Test func fileGetsAFileToBeMountedOn() throws {
        let bundle = try Bundle { $0.runs("cat /etc/new/config") }
        let source = try source(for: bundle)
        bundle.config.mounts.append(.mount("/etc/new/config", source: source + "/file", ["bind", "ro"]))
        #expect(try bundle.output() == "of the host\n")
        #expect(try metadata(bundle.rootfs + "/etc/new/config").kind == .regular)
    }

    @Test func relativeSourceIsBelowTheBundle() throws {
        let bundle = try Bundle {
            $0.runs("cat /mnt/file")
            $0.mounts.append(.mount("/mnt", source: "source", ["rbind"]))
        }
        _ = try source(for: bundle)
        let finished = try bundle.run { $0.directory = "/" }
        #expect(finished.output == "of the host\n", "\(finished)")
    }

    @Test func readOnlyOneTakesNoWrites() throws {
        #expect(try output(["rbind", "ro"], "echo x > /mnt/file || echo refused; cat /mnt/file") == "refused\nof the host\n")
    }

    // `ro` affects one mount; `rro` affects all mounts below it too (mount_setattr(2), AT_RECURSIVE).
    @Test func plainReadOnlyLeavesThoseBelowWritable() throws {
        #expect(try output(["rbind", "ro"], "echo x > /mnt/below/file && cat /mnt/below/file") == "x\n")
    }

    @Test func recursiveReadOnlyGoesAllTheWay() throws {
        #expect(
            try output(["rbind", "rro"], "echo x > /mnt/below/file || echo refused; echo x > /mnt/file || echo too")
                == "refused\ntoo\n")
    }

    @Test(arguments: [
        ("rro", "ro"), ("rnosuid", "nosuid"), ("rnodev", "nodev"), ("rnoexec", "noexec"), ("rnoatime", "noatime"),
        ("rnodiratime", "nodiratime"), ("rrelatime", "relatime"), ("rnosymfollow", "nosymfollow"),
    ])
    func recursiveOptionIsSetBelowToo(option: String, flag: String) throws {
        let mounts = Mount.table(try output(["rbind", option], "cat /proc/self/mountinfo")).filter { $0.path.hasPrefix("/mnt") }
        #expect(mounts.map(\.path) == ["/mnt", "/mnt/below"])
        for mount in mounts { #expect(mount.options.contains(flag), "\(mount.path): \(mount.options)") }
    }

    @Test(arguments: [
        ("rrw", "ro"), ("rsuid", "nosuid"), ("rdev", "nodev"), ("rexec", "noexec"), ("rdiratime", "nodiratime"),
        ("rsymfollow", "nosymfollow"),
        ("rstrictatime", "relatime"), ("ratime", "noatime"), ("rnorelatime", "noatime"), ("rnostrictatime", "noatime"),
    ])
    func recursiveOptionIsClearedBelowToo(option: String, flag: String) throws {
        let set = [
            "rrw": "rro", "rsuid": "rnosuid", "rdev": "rnodev", "rexec": "rnoexec", "rdiratime": "rnodiratime",
            "rsymfollow": "rnosymfollow",
        ]
        let options = ["rbind"] + (set[option].map { [$0] } ?? []) + [option]
        let mounts = Mount.table(try output(options, "cat /proc/self/mountinfo")).filter { $0.path.hasPrefix("/mnt") }
        #expect(mounts.count == 2)
        for mount in mounts { #expect(!mount.options.contains(flag), "\(mount.path): \(mount.options)") }
    }

    @Test(arguments: ["nosuid", "nodev", "noexec", "noatime"]) func flagsAreAddedToTheSourcesOwn(flag: String) throws {
        let bundle = try Bundle { $0.runs(arguments: ["cat", "/proc/self/mountinfo"]) }
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", flags: Int(MS_NOEXEC | MS_NODEV), data: "size=64k")
        bundle.config.mounts.append(.mount("/mnt", source: source, ["bind", flag]))
        let mount = try #require(Mount.table(try bundle.output()).first { $0.path == "/mnt" })
        #expect(mount.options.isSuperset(of: [flag, "noexec", "nodev"]), "\(mount.options)")
    }

    @Test func flagsOfTheSourceCanBeCleared() throws {
        let bundle = try Bundle { $0.runs(arguments: ["cat", "/proc/self/mountinfo"]) }
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", flags: Int(MS_NOEXEC | MS_NODEV), data: "size=64k")
        bundle.config.mounts.append(.mount("/mnt", source: source, ["bind", "exec"]))
        let mount = try #require(Mount.table(try bundle.output()).first { $0.path == "/mnt" })
        #expect(!mount.options.contains("noexec"), "\(mount.options)")
        #expect(mount.options.contains("nodev"), "\(mount.options)")
    }

    @Test func missingSourceIsRefused() throws {
        let message = try refusal { $0.mounts.append(.mount("/mnt", source: "/no/such/source", ["bind"])) }
        #expect(message.points(to: "/mounts/5"))
        #expect(message.says("/no/such/source"))
    }

    @Test func fileOnADirectoryIsRefused() throws {
        let bundle = try Bundle()
        try write("", to: bundle.path + "/file")
        bundle.config.mounts.append(.mount("/etc", source: bundle.path + "/file", ["bind"]))
        let message = try bundle.refusal()
        #expect(message.points(to: "/mounts/5"))
        // Docker looks for these words, and then adds advice for its users.
        #expect(message.says("not a directory"))
    }

    @Test func specialFilesCanBeMounted() throws {
        let bundle = try Bundle { $0.runs("stat -c %F /run/socket /run/fifo") }
        #expect(mkfifo(bundle.path + "/fifo", 0o600) == 0)
        close(h_listen(bundle.path + "/socket"))
        bundle.config.mounts.append(.mount("/run/socket", source: bundle.path + "/socket", ["bind"]))
        bundle.config.mounts.append(.mount("/run/fifo", source: bundle.path + "/fifo", ["bind"]))
        #expect(try bundle.output() == "socket\nfifo\n")
    }

    @Test func sourceIsNotTouched() throws {
        let bundle = try Bundle()
        let source = try source(for: bundle)
        let before = try metadata(source)
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind", "ro"]))
        _ = try bundle.output()
        let after = try metadata(source)
        #expect(entries(of: source) == ["below", "file"])
        #expect(after.st_mode == before.st_mode && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec)
    }

    // Both the volume and the mount below it are shared on the host. In a user namespace Host copies them, not Init.
    @Test(arguments: ["/mnt", "/mnt/below"], [false, true]) func mountsMadeInAVolumeNeverReachTheHost(
        place: String, inUserNamespace: Bool
    ) throws {
        let bundle = try Bundle {
            if inUserNamespace { $0.mapUsers() }
            $0.process.capabilities = .capabilities(["CAP_SYS_ADMIN"])
            $0.runs("mkdir \(place)/x && mount -t tmpfs tmpfs \(place)/x && touch \(place)/x/inside && cat /proc/self/mountinfo")
        }
        let source = try source(for: bundle)
        try bundle.sandbox.mount("none", on: source, flags: Int(MS_SHARED))
        try bundle.sandbox.mount("none", on: source + "/below", flags: Int(MS_SHARED))
        try makeDirectory(bundle.rootfs + "/mnt")
        let owner: uid_t = inUserNamespace ? 100_000 : 0
        for folder in [source, source + "/below"] { #expect(chown(folder, owner, owner) == 0) }
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind"]))
        let table = Mount.table(try bundle.output())
        #expect(table.contains { $0.path == place + "/x" })
        for mount in table where ["/mnt", "/mnt/below"].contains(mount.path) {
            #expect(mount.propagation.map { String($0.prefix { $0 != ":" }) } == ["master"], "\(mount.path)")
        }
        let onHost = source + place.dropFirst(4) + "/x"
        #expect(entries(of: onHost).isEmpty)
        #expect(!Mount.table().contains { $0.path == onHost })
    }

    @Test(.needsKernel(6, 3)) func idmappedMountShiftsOwners() throws {
        let bundle = try Bundle { $0.runs("stat -c %u:%g /mnt/file") }
        let source = try source(for: bundle)
        #expect(chown(source + "/file", 1000, 1001) == 0)
        bundle.config.mounts.append([
            "destination": "/mnt", "source": .string(source), "options": ["rbind", "idmap"],
            "uidMappings": [["containerID": 1000, "hostID": 5000, "size": 10]],
            "gidMappings": [["containerID": 1000, "hostID": 6000, "size": 10]],
        ])
        #expect(try bundle.output() == "5000:6001\n")
    }

    @Test(.needsKernel(6, 3), arguments: [("idmap", "1000:1001"), ("ridmap", "5000:6001")])
    func recursiveMappingShiftsOwnersBelowToo(option: String, owner: String) throws {
        let bundle = try Bundle { $0.runs("stat -c %u:%g /mnt/below/file") }
        let source = try source(for: bundle)
        #expect(chown(source + "/below/file", 1000, 1001) == 0)
        bundle.config.mounts.append([
            "destination": "/mnt", "source": .string(source), "options": ["rbind", .string(option)],
            "uidMappings": [["containerID": 1000, "hostID": 5000, "size": 10]],
            "gidMappings": [["containerID": 1000, "hostID": 6000, "size": 10]],
        ])
        #expect(try bundle.output() == owner + "\n")
    }

    // The way of crun and of podman's volumes.
    @Test(.needsKernel(6, 3)) func mappingMayBeInTheOption() throws {
        let bundle = try Bundle { $0.runs("stat -c %u:%g /mnt/file") }
        let source = try source(for: bundle)
        #expect(chown(source + "/file", 1000, 1001) == 0)
        bundle.config.mounts.append(
            .mount("/mnt", source: source, ["rbind", "idmap=uids=0-1-1#1000-5000-10;gids=1000-6000-10"]))
        #expect(try bundle.output() == "5000:6001\n")
    }

    @Test func optionWithoutUsableMappingsIsExplained() throws {
        let bundle = try Bundle()
        bundle.config.mounts.append(.mount("/mnt", source: try source(for: bundle), ["rbind", "idmap=uids=0-1-1"]))
        let message = try bundle.refusal()
        #expect(message.says("/mounts/5/options: the option \"idmap=uids=0-1-1\" has no mappings that can be used"))
        #expect(message.says("write idmap=uids=0-1000-10;gids=0-1000-10: ids of the file system, ids of the host, how many"))
    }

    // The container's root has no mapping on the file system, so its files belong to nobody there.
    @Test(.needsKernel(6, 3)) func newFileSystemMayHaveAMappingToo() throws {
        let bundle = try Bundle { $0.runs("echo > /mnt/file || stat -c %u:%g /mnt") }
        bundle.config.mounts.append([
            "destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["idmap", "mode=777", "uid=1000", "gid=1000"],
            "uidMappings": [["containerID": 1000, "hostID": 5000, "size": 10]],
            "gidMappings": [["containerID": 1000, "hostID": 6000, "size": 10]],
        ])
        #expect(try bundle.output() == "5000:6000\n")
    }

    @Test(arguments: ["idmap", "ridmap"]) func idmapWithoutMappingsIsRefused(option: String) throws {
        let bundle = try Bundle()
        bundle.config.mounts.append(.mount("/mnt", source: try source(for: bundle), ["rbind", option]))
        let sentence = "an id-mapped mount needs uidMappings and gidMappings, or a user namespace to take them from"
        #expect(try bundle.refusal().says("/mounts/5: " + sentence))
    }

    @Test(arguments: ["uidMappings", "gidMappings"]) func oneKindOfMappingsAloneIsRefused(property: String) throws {
        let bundle = try Bundle()
        var mount = JSON.mount("/mnt", source: try source(for: bundle), ["rbind", "idmap"])
        mount[property] = [["containerID": 0, "hostID": 1000, "size": 10]]
        bundle.config.mounts.append(mount)
        #expect(try bundle.refusal().says("/mounts/5: must have both uidMappings and gidMappings, or neither"))
    }
}
