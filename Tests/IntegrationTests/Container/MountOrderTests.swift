import CHarness
import Testing

@Suite("order of mounts", .needsRoot, .sandboxed)
struct MountOrderTests {
    /// A directory of the host with a file in it.
    private func host(_ bundle: Bundle, _ name: String) throws -> String {
        let path = bundle.sandbox.directory + "/" + name
        try makeDirectory(path)
        try write("from the host\n", to: path + "/file")
        return path
    }

    private func places(_ bundle: Bundle) throws -> [String] {
        bundle.config.runs(arguments: ["cat", "/proc/self/mountinfo"])
        return Mount.table(try bundle.output()).map(\.path)
    }

    @Test(arguments: [false, true]) func laterBindSeesAnEarlierMount(inUserNamespace: Bool) throws {
        let bundle = try Bundle {
            if inUserNamespace { $0.mapUsers() }
            $0.runs("cat /copy/sub/file; echo x > /copy/new; ls /data")
        }
        // The container's root may make its mount points, also in a user namespace.
        #expect(chown(bundle.rootfs, 100_000, 100_000) == 0)
        try makeDirectory(bundle.rootfs + "/data")
        bundle.config.mounts.append(.mount("/data", type: "tmpfs", source: "tmpfs"))
        bundle.config.mounts.append(.mount("/data/sub", source: try host(bundle, "host"), ["bind"]))
        bundle.config.mounts.append(.mount("/copy", source: bundle.rootfs + "/data", ["rbind"]))
        #expect(try bundle.output() == "from the host\nnew\nsub\n")
        #expect(entries(of: bundle.rootfs + "/data").isEmpty, "the write must not land in the root file system")
    }

    // The source exists only after an earlier mount, and its path reaches the root through another name than root.path.
    @Test(arguments: [false, true]) func sourceMayComeWithAnEarlierMount(linked: Bool) throws {
        let bundle = try Bundle { $0.runs("cat /copy") }
        try makeLink(bundle.path + "/link", to: "rootfs")
        if linked { bundle.config.root.path = "link" }
        let source = (linked ? bundle.rootfs : bundle.path + "/link") + "/new/place/file"
        bundle.config.mounts.append(.mount("/new/place", source: try host(bundle, "host"), ["bind"]))
        bundle.config.mounts.append(.mount("/copy", source: source, ["bind"]))
        #expect(try bundle.output() == "from the host\n")
    }

    @Test func sourceMayLieInTheRootItself() throws {
        let bundle = try Bundle { $0.runs("cat /copy/file; echo x > /copy/file || echo read-only; cat /data/file") }
        try makeDirectory(bundle.rootfs + "/data")
        try write("of the image\n", to: bundle.rootfs + "/data/file")
        bundle.config.mounts.append(.mount("/copy", source: "rootfs/data", ["rbind", "ro"]))
        #expect(try bundle.output() == "of the image\nread-only\nof the image\n")
    }

    @Test func sourceThatIsMissingInTheRootIsRefused() throws {
        let bundle = try Bundle { $0.mounts.append(.mount("/copy", source: "rootfs/missing", ["rbind"])) }
        let message = try bundle.refusal()
        #expect(message.points(to: "/mounts/5"))
        #expect(message.says("/rootfs/missing\" doesn't exist"))
    }

    @Test func tableIsInTheOrderOfTheConfig() throws {
        let bundle = try Bundle()
        let one = try host(bundle, "one"), two = try host(bundle, "two")
        bundle.config.mounts.append(.mount("/mnt/z", source: one, ["rbind"]))
        bundle.config.mounts.append(.mount("/mnt/b", type: "tmpfs", source: "tmpfs"))
        bundle.config.mounts.append(.mount("/mnt/y", source: two, ["bind", "ro"]))
        bundle.config.mounts.append(.mount("/mnt/c", source: bundle.rootfs + "/mnt/b", ["bind"]))
        bundle.config.mounts.append(.mount("/mnt/a", source: one + "/file", ["bind"]))
        bundle.config.mounts.append(.mount("/mnt/x", type: "tmpfs", source: "tmpfs"))
        let destinations = bundle.config.mounts.elements.compactMap(\.destination.text)
        #expect(try places(bundle).filter { $0 != "/" } == destinations)
    }

    @Test(.needsKernel(6, 3)) func tableIsInTheOrderOfTheConfigWithAnIDMapping() throws {
        let bundle = try Bundle { $0.mounts.append(.mount("/mnt/b", type: "tmpfs", source: "tmpfs")) }
        let mappings: JSON = [["containerID": 0, "hostID": 5000, "size": 10]]
        bundle.config.mounts.append([
            "destination": "/mnt/a", "source": .string(try host(bundle, "one")), "options": ["rbind", "idmap"],
            "uidMappings": mappings, "gidMappings": mappings,
        ])
        bundle.config.mounts.append(.mount("/mnt/0", source: try host(bundle, "two"), ["rbind"]))
        #expect(try places(bundle).filter { $0.hasPrefix("/mnt") } == ["/mnt/b", "/mnt/a", "/mnt/0"])
    }

    // A directory above the root contains the root, with the container's mounts below it. A full copy would show these a second
    // time, and without masks.
    @Test(arguments: [false, true]) func folderAboveTheRootComesWithoutTheContainersMounts(shared: Bool) throws {
        let bundle = try Bundle { if shared { $0.linux.rootfsPropagation = "rshared" } }
        bundle.config.mounts.append(.mount("/mnt/b", type: "tmpfs", source: "tmpfs"))
        bundle.config.mounts.append(.mount("/mnt/a", source: bundle.sandbox.directory, ["rbind"]))
        let seen = try places(bundle)
        #expect(!seen.contains { $0.hasPrefix("/mnt/a/") }, "\(seen)")
        // Before Linux 6.8 the table is in the order of attaching. From 6.15 on the copy can be made again at its turn.
        if !Host.kernelIsAtLeast(6, 8) || Host.kernelIsAtLeast(6, 15) {
            #expect(seen.filter { $0.hasPrefix("/mnt") } == ["/mnt/b", "/mnt/a"])
        }
    }

    // A form of CVE-2021-30465: the source lies in a volume that other containers may have changed.
    @Test(
        arguments: ["last", "way", "relative", "dangling", "proc", "magic"], [false, true])
    func linkInAnEarlierVolumeLeadsNowhere(kind: String, inUserNamespace: Bool) throws {
        let bundle = try Bundle {
            if inUserNamespace { $0.mapUsers() }
            $0.runs("ls -R /copy; cat /copy /copy/file")
        }
        let outside = try host(bundle, "outside"), volume = bundle.sandbox.directory + "/volume"
        try makeDirectory(volume)
        switch kind {
        case "last", "way": try makeLink(volume + "/sub", to: outside)
        case "relative": try makeLink(volume + "/sub", to: "../../../../../../../../.." + outside)
        case "dangling": try makeLink(volume + "/sub", to: outside + "/missing")
        case "proc": try makeLink(volume + "/sub", to: "/proc")
        default: try makeLink(volume + "/sub", to: "/proc/1/root")
        }
        let source = bundle.rootfs + "/data/sub" + (kind == "way" ? "/file" : "")
        try makeDirectory(bundle.rootfs + "/data")
        bundle.config.mounts.append(.mount("/data", source: volume, ["rbind"]))
        bundle.config.mounts.append(.mount("/copy", source: source, ["rbind"]))
        let finished = try bundle.run()
        #expect(finished.ending == .exited(1) && finished.output.isEmpty, "\(finished)")
        #expect(finished.message.says("\"\(source)\" leads through a link in the container's own root"))
        #expect(finished.message.points(to: "/mounts/6"))
        #expect(entries(of: outside) == ["file"])
    }

    @Test func hostsMountReachesAVolumeThatIsCopiedAtItsTurn() throws {
        let bundle = try Bundle {
            $0.runs("echo ready; while ! test -e /mnt/below/outside; do sleep 0.01; done; echo seen; sleep 1000")
            $0.mounts.append(.mount("/data", type: "tmpfs", source: "tmpfs"))
        }
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", data: "size=64k")
        try bundle.sandbox.mount("none", on: source, flags: Int(MS_SHARED))
        try makeDirectory(source + "/below")
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind", "rslave"]))
        let container = try bundle.start()
        try container.waitFor("ready")
        try bundle.sandbox.mount("tmpfs", on: source + "/below", type: "tmpfs", data: "size=64k")
        try write("", to: source + "/below/outside")
        try container.waitFor("seen")
        try container.delete("--force")
    }
}
