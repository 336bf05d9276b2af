import CHarness
import Testing

@Suite("mounts", .needsRoot, .sandboxed)
struct MountTests {
    /// Runs a container, and returns its mount table.
    private func table(_ bundle: Bundle) throws -> [Mount] {
        bundle.config.runs(arguments: ["cat", "/proc/self/mountinfo"])
        return Mount.table(try bundle.output())
    }

    /// Mounts a file system on /mnt with these options, and returns its line of the mount table.
    private func mounted(_ options: [String], type: String = "tmpfs", source: String = "tmpfs") throws -> Mount {
        let bundle = try Bundle { $0.mounts.append(.mount("/mnt", type: type, source: source, options)) }
        return try #require(table(bundle).last { $0.path == "/mnt" })
    }

    // Options of mount(8) that affect one mount: the given options, an option that the table must show, one that it must not
    // show.
    @Test(arguments: [
        (["ro"], "ro", "rw"), (["rw"], "rw", "ro"), (["ro", "rw"], "rw", "ro"), (["rw", "ro"], "ro", "rw"),
        (["defaults"], "rw", "ro"),
        (["nosuid"], "nosuid", "-"), (["nosuid", "suid"], "rw", "nosuid"), (["nodev"], "nodev", "-"),
        (["nodev", "dev"], "rw", "nodev"),
        (["noexec"], "noexec", "-"), (["noexec", "exec"], "rw", "noexec"), (["noatime"], "noatime", "relatime"),
        (["relatime"], "relatime", "noatime"), (["strictatime"], "rw", "relatime"),
        (["noatime", "strictatime"], "rw", "noatime"), (["noatime", "atime"], "relatime", "noatime"),
        (["nodiratime"], "nodiratime", "-"), (["nodiratime", "diratime"], "rw", "nodiratime"),
        (["nosymfollow"], "nosymfollow", "-"),
        (["nosymfollow", "symfollow"], "rw", "nosymfollow"), (["strictatime", "norelatime"], "rw", "noatime"),
        (["nostrictatime"], "relatime", "noatime"),
    ])
    func optionOfAMount(options: [String], present: String, absent: String) throws {
        let seen = try mounted(options).options
        #expect(seen.contains(present), "\(seen)")
        #expect(!seen.contains(absent), "\(seen)")
    }

    // Options that affect the whole file system.
    @Test(arguments: [
        (["sync"], "sync", true), (["sync", "async"], "sync", false), (["async"], "sync", false), (["dirsync"], "dirsync", true),
        (["lazytime"], "lazytime", true), (["lazytime", "nolazytime"], "lazytime", false),
    ])
    func optionOfAFileSystem(options: [String], name: String, present: Bool) throws {
        let seen = try mounted(options).superOptions
        #expect(seen.contains(name) == present, "\(seen)")
    }

    // Mount points are still made in a tmpfs, and the kernel has one mqueue for the whole ipc namespace.
    @Test(arguments: [("ramfs", "ro"), ("tmpfs", "rw"), ("mqueue", "rw")])
    func readOnlyFileSystemIsSoAsAWholeUnlessOthersWriteToIt(type: String, seen: String) throws {
        let mount = try mounted(["ro"], type: type, source: type)
        #expect(mount.options.contains("ro"), "\(mount.options)")
        #expect(mount.superOptions.contains(seen), "\(mount.superOptions)")
    }

    // mountinfo doesn't show these options, at least for a tmpfs. They must not be passed to the file system, which doesn't
    // know them.
    @Test(arguments: ["silent", "loud", "iversion", "noiversion", "mand", "nomand", "remount", "defaults"])
    func optionIsTaken(option: String) throws {
        if option == "remount" { return try optionRemountChangesWhatIsMounted() }
        #expect(try mounted([option]).type == "tmpfs")
    }

    private func optionRemountChangesWhatIsMounted() throws {
        let bundle = try Bundle {
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["mode=755"]))
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["remount", "ro", "nosuid"]))
        }
        let seen = try table(bundle).filter { $0.path == "/mnt" }
        #expect(seen.count == 1)
        #expect(seen.first?.options.isSuperset(of: ["ro", "nosuid"]) == true)
    }

    @Test(arguments: [
        ("private", []), ("rprivate", []), ("shared", ["shared"]), ("rshared", ["shared"]), ("unbindable", ["unbindable"]),
        ("runbindable", ["unbindable"]), ("slave", []), ("rslave", []),
    ])
    func propagationOfANewFileSystem(option: String, seen: [String]) throws {
        #expect(try mounted([option]).propagation.map { String($0.prefix { $0 != ":" }) } == seen)
    }

    @Test(arguments: [
        ("slave", ["master"]), ("rslave", ["master"]), ("private", []), ("rprivate", []), ("unbindable", ["unbindable"]),
    ])
    func propagationOfABindMount(option: String, seen: [String]) throws {
        let bundle = try Bundle()
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", data: "size=64k")
        try bundle.sandbox.mount("none", on: source, flags: Int(MS_SHARED))
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind", option]))
        let mount = try #require(table(bundle).first { $0.path == "/mnt" })
        #expect(mount.propagation.map { String($0.prefix { $0 != ":" }) } == seen)
    }

    @Test func fileSystemsTakeTheirOwnOptions() throws {
        let seen = try output(ofScript: "stat -c %a:%u:%g /mnt; df -k /mnt | tail -1") {
            $0.mounts.append(
                .mount("/mnt", type: "tmpfs", source: "tmpfs", ["mode=1751", "uid=5", "gid=6", "size=128k", "nosuid"]))
        }
        #expect(seen.hasPrefix("1751:5:6\n"))
        #expect(seen.lines.last?.words.dropFirst().first == "128")
    }

    @Test func unknownOptionOfAFileSystemIsRefused() throws {
        let message = try refusal { $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["no-such-option"])) }
        #expect(message.says("no-such-option"))
        #expect(message.points(to: "/mounts/5"))
    }

    @Test func unknownFileSystemIsRefused() throws {
        let message = try refusal { $0.mounts.append(.mount("/mnt", type: "no-such-type", source: "none")) }
        #expect(message.points(to: "/mounts/5"))
        #expect(message.says("no-such-type"))
    }

    @Test func laterMountsCoverEarlierOnes() throws {
        let seen = try output(ofScript: "stat -c %a /mnt; ls /mnt") {
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "one", ["mode=700"]))
            $0.mounts.append(.mount("/mnt/below", type: "tmpfs", source: "two"))
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "three", ["mode=711"]))
            $0.mounts.append(.mount("/mnt/other", type: "tmpfs", source: "four"))
        }
        #expect(seen == "711\nother\n")
    }

    @Test func mountsAreMadeInTheListedOrder() throws {
        let bundle = try Bundle()
        let destinations = ["/mnt/c", "/mnt/a", "/mnt/b", "/mnt/a/a"]
        for destination in destinations { bundle.config.mounts.append(.mount(destination, type: "tmpfs", source: "tmpfs")) }
        #expect(try table(bundle).map(\.path).filter { $0.hasPrefix("/mnt") } == destinations)
    }

    @Test func missingDestinationIsMade() throws {
        let bundle = try Bundle { $0.mounts.append(.mount("/a/b/c", type: "tmpfs", source: "tmpfs")) }
        #expect(try table(bundle).contains { $0.path == "/a/b/c" })
        #expect(try metadata(bundle.rootfs + "/a/b/c").kind == .directory)
        #expect(try metadata(bundle.rootfs + "/a").permissions == 0o755)
    }

    @Test func relativeDestinationIsBelowTheRoot() throws {
        let bundle = try Bundle {
            $0.process.cwd = "/tmp"
            $0.mounts.append(.mount("mnt/relative", type: "tmpfs", source: "tmpfs"))
        }
        #expect(try table(bundle).contains { $0.path == "/mnt/relative" })
    }

    @Test func destinationMayGoThroughLinksInsideTheRoot() throws {
        let bundle = try Bundle { $0.mounts.append(.mount("/link/sub", type: "tmpfs", source: "tmpfs")) }
        try makeDirectory(bundle.rootfs + "/real")
        try makeLink(bundle.rootfs + "/link", to: "/real")
        #expect(try table(bundle).contains { $0.path == "/real/sub" })
    }

    @Test func typeMayBeMissingForABindMount() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/source")
        bundle.config.mounts.append(["destination": "/mnt", "source": .string(bundle.path + "/source"), "options": ["bind"]])
        #expect(try table(bundle).contains { $0.path == "/mnt" })
    }

    @Test func missingDestinationPropertyIsRefused() throws {
        let message = try refusal { $0.mounts.append(["type": "tmpfs", "source": "tmpfs"]) }
        #expect(message.points(to: "/mounts/5"))
        #expect(message.says("destination"))
    }

    @Test(arguments: ["/", "", ".", "/.", "/..", "//"]) func rootIsNoDestination(destination: String) throws {
        let message = try refusal { $0.mounts.append(.mount(destination, type: "tmpfs", source: "tmpfs")) }
        #expect(message.points(to: "/mounts/5"))
    }

    @Test func tmpfsMayBeginWithWhatItCovers() throws {
        let bundle = try Bundle {
            $0.mounts.append(.mount("/data", type: "tmpfs", source: "tmpfs", ["tmpcopyup", "ro"]))
            $0.runs("cat /data/sub/file; readlink /data/link; stat -c %a:%u /data/sub; touch /data/new || echo read-only")
        }
        try makeDirectory(bundle.rootfs + "/data/sub", mode: 0o715)
        #expect(chown(bundle.rootfs + "/data/sub", 5, 6) == 0)
        try write("copied\n", to: bundle.rootfs + "/data/sub/file")
        try makeLink(bundle.rootfs + "/data/link", to: "/etc/shadow")
        #expect(try bundle.output() == "copied\n/etc/shadow\n715:5\nread-only\n")
    }

    // A directory of the image may keep other users out by its mode. A tmpfs that covers the directory must keep them out too.
    @Test(arguments: [false, true]) func tmpfsKeepsTheModeOfTheFolderThatItCovers(inUserNamespace: Bool) throws {
        let bundle = try Bundle {
            if inUserNamespace { $0.mapUsers() }
            $0.runs(arguments: ["stat", "-c", "%a", "/secret", "/link", "/new/place", "/chosen", "/dev/shm"])
            for place in ["/secret", "/link", "/new/place"] {
                $0.mounts.append(.mount(place, type: "tmpfs", source: "tmpfs", ["nosuid", "size=64k"]))
            }
            $0.mounts.append(.mount("/chosen", type: "tmpfs", source: "tmpfs", ["mode=711"]))
        }
        #expect(chown(bundle.rootfs, 100_000, 100_000) == 0)
        try makeDirectory(bundle.rootfs + "/secret", mode: 0o700)
        try makeDirectory(bundle.rootfs + "/group")
        #expect(chmod(bundle.rootfs + "/group", 0o3750) == 0)
        try makeLink(bundle.rootfs + "/link", to: "group")
        try makeDirectory(bundle.rootfs + "/chosen", mode: 0o700)
        // busybox's stat follows a link only with -L, so name the link's target instead.
        bundle.config.process.args[4] = "/group"
        #expect(try bundle.output() == "700\n3750\n1777\n711\n1777\n")
    }

    @Test func messageQueuesAreThoseOfTheNamespace() throws {
        let seen = try output(ofScript: "ls /dev/mqueue; cat /proc/self/mountinfo") {
            $0.mounts.append(.mount("/dev/mqueue", type: "mqueue", source: "mqueue", ["nosuid", "noexec", "nodev"]))
        }
        #expect(Mount.table(seen).contains { $0.path == "/dev/mqueue" && $0.type == "mqueue" })
    }

    @Test func withoutNetworkNamespaceSysfsStillAppears() throws {
        let seen = try output(ofScript: "ls /sys/class/net | grep -c .; test -d /sys/kernel && echo there") {
            $0.mapUsers()
            $0.drop(namespace: "network")
            $0.drop(mount: "/sys")
            $0.mounts.append(.mount("/sys", source: "/sys", ["rbind", "nosuid", "noexec", "nodev", "ro"]))
        }
        #expect(seen.hasSuffix("there\n"))
    }

    // CVE-2023-25809: /sys/fs/cgroup stayed writable in a read-only /sys.
    @Test func hostsSysfsIsReadOnlyAllTheWay() throws {
        let seen = try output(of: "cat", "/proc/self/mountinfo") {
            $0.mapUsers()
            $0.drop(namespace: "network")
        }
        let mounts = Mount.table(seen).filter { $0.path == "/sys" || $0.path.hasPrefix("/sys/") }
        #expect(mounts.contains { $0.path.hasPrefix("/sys/fs/cgroup") })
        for mount in mounts { #expect(mount.options.contains("ro"), "\(mount.path)") }
    }

    @Test func processesOfTheNamespaceShowInProc() throws {
        let seen = try output(ofScript: "cd /proc; for process in [0-9]*; do echo $process; done; tr '\\0' ' ' < 1/cmdline; :")
        #expect(seen.hasPrefix("1\n"))
        #expect(seen.contains("\nsh -ec "))
    }
}
