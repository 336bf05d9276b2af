import CHarness
import Testing

@Suite("masked and read-only paths", .needsRoot, .sandboxed)
struct MaskTests {
    /// A bundle whose root has a file, a directory with a file in it, and links to both.
    private func bundle(_ configure: (inout JSON) -> Void) throws -> Bundle {
        let bundle = try Bundle(configure)
        try makeDirectory(bundle.rootfs + "/data/directory/below")
        try write("secret", to: bundle.rootfs + "/data/file")
        try write("secret", to: bundle.rootfs + "/data/directory/file")
        try makeLink(bundle.rootfs + "/data/link", to: "file")
        try makeLink(bundle.rootfs + "/data/link-to-directory", to: "/data/directory")
        return bundle
    }

    @Test func maskedFileIsEmpty() throws {
        let seen = try bundle {
            $0.linux.maskedPaths = ["/data/file"]
            $0.runs("cat /data/file; stat -c '%F %t:%T' /data/file")
        }.output()
        #expect(seen == "character special file 1:3\n")
    }

    @Test func maskedDirectoryIsEmptyAndReadOnly() throws {
        let seen = try bundle {
            $0.linux.maskedPaths = ["/data/directory"]
            $0.runs("ls -A /data/directory; touch /data/directory/new || echo refused; cat /proc/self/mountinfo")
        }.output()
        #expect(seen.hasPrefix("refused\n"))
        let mount = try #require(Mount.table(seen).first { $0.path == "/data/directory" })
        #expect(mount.type == "tmpfs")
        #expect(mount.options.contains("ro"))
    }

    @Test func maskedPathMayBeALink() throws {
        let seen = try bundle {
            $0.linux.maskedPaths = ["/data/link", "/data/link-to-directory"]
            $0.runs("cat /data/link /data/file; ls -A /data/directory")
        }.output()
        #expect(seen.isEmpty)
    }

    @Test func maskedDirectoriesShareOneFileSystem() throws {
        let seen = try bundle {
            $0.linux.maskedPaths = ["/data/directory", "/tmp", "/var"]
            $0.runs(arguments: ["cat", "/proc/self/mountinfo"])
        }.output()
        let devices = seen.lines.filter { line in ["/data/directory", "/tmp", "/var"].contains { line.contains(" \($0) ") } }
            .map { $0.words[2] }
        #expect(devices.count == 3)
        #expect(Set(devices).count == 1)
    }

    @Test func maskedFilesAreAllEmpty() throws {
        let seen = try bundle {
            $0.linux.maskedPaths = ["/data/file", "/data/directory/file"]
            $0.runs("cat /data/file /data/directory/file; stat -c '%F %t:%T' /data/file /data/directory/file")
        }.output()
        #expect(seen == "character special file 1:3\ncharacter special file 1:3\n")
    }

    @Test func maskedPathThatIsNotThereIsPassedOver() throws {
        #expect(
            try bundle {
                $0.linux.maskedPaths = ["/no/such/file", "/data/file/below", "/proc/kcore"]
                $0.runs("echo ran")
            }.output() == "ran\n")
    }

    // Without CAP_SYS_ADMIN the container's root can't unmount a mask.
    @Test func maskStandsAgainstUnmounting() throws {
        let seen = try bundle {
            $0.linux.maskedPaths = ["/data/file"]
            $0.runs("umount /data/file 2>/dev/null || echo refused; cat /data/file")
        }.output()
        #expect(seen == "refused\n")
    }

    @Test func readOnlyFileTakesNoWrites() throws {
        let seen = try bundle {
            $0.linux.readonlyPaths = ["/data/file"]
            $0.runs("cat /data/file; echo; echo x > /data/file || echo refused")
        }.output()
        #expect(seen == "secret\nrefused\n")
    }

    @Test func readOnlyDirectoryTakesNoWritesBelowIt() throws {
        let seen = try bundle {
            $0.linux.readonlyPaths = ["/data/directory"]
            $0.runs("cd /data/directory; cat file; echo; touch new || echo refused; touch below/new || echo refused")
        }.output()
        #expect(seen == "secret\nrefused\nrefused\n")
    }

    @Test(arguments: ["tmpfs", "bind"]) func readOnlyDirectoryTakesNoWritesInMountsBelowIt(type: String) throws {
        let bundle = try bundle {
            $0.linux.readonlyPaths = ["/data"]
            $0.runs("touch /data/directory/below/new || echo refused; ls /data/directory/below; cat /proc/self/mountinfo")
        }
        let volume = bundle.path + "/volume"
        try makeDirectory(volume)
        try write("", to: volume + "/there")
        bundle.config.mounts.append(
            type == "bind"
                ? .mount("/data/directory/below", source: volume, ["rbind"])
                : .mount("/data/directory/below", type: "tmpfs", source: "tmpfs"))
        let seen = try bundle.output()
        #expect(seen.hasPrefix(type == "bind" ? "refused\nthere\n" : "refused\n"), "\(seen)")
        let mount = try #require(Mount.table(seen).last { $0.path == "/data/directory/below" })
        #expect(mount.options.contains("ro"))
        #expect(entries(of: volume) == ["there"])
    }

    @Test func readOnlyPathKeepsTheOtherFlags() throws {
        let seen = try output(of: "cat", "/proc/self/mountinfo") { $0.linux.readonlyPaths = ["/proc/sys"] }
        let mount = try #require(Mount.table(seen).first { $0.path == "/proc/sys" })
        #expect(mount.options.isSuperset(of: ["ro", "nosuid", "nodev", "noexec"]))
    }

    @Test func readOnlyPathThatIsNotThereIsPassedOver() throws {
        #expect(
            try bundle {
                $0.linux.readonlyPaths = ["/no/such/file", "/proc/asound"]
                $0.runs("echo ran")
            }.output() == "ran\n")
    }

    @Test func relativePathCountsFromTheRoot() throws {
        let bundle = try Bundle {
            $0.linux.maskedPaths = ["etc/secret", "no/such/file"]
            $0.runs(arguments: ["cat", "/etc/secret"])
        }
        try write("secret", to: bundle.rootfs + "/etc/secret")
        #expect(try bundle.output() == "")
    }

    @Test(arguments: ["maskedPaths", "readonlyPaths"]) func withoutAMountNamespaceTheyAreRefused(property: String) throws {
        let message = try refusal {
            $0.linux[property] = ["/data"]
            $0.drop(namespace: "mount")
            $0.mounts = []
        }
        #expect(message.points(to: "/linux/\(property)"))
    }
}
