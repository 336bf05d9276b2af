import CHarness
import Testing

/// Whose mappings a mount gets. The kernel maps the ids of a tmpfs since 6.3.
@Suite("id-mapped mounts", .needsRoot, .sandboxed, .needsKernel(6, 3))
struct IDMappedMountTests {
    /// The owners that the container sees of two files of 1000:1001: one in the source of a bind mount, the other in a mount
    /// below it.
    private func owners(
        _ options: [String], _ mappings: [String: JSON] = [:], _ configure: (inout JSON) -> Void = { _ in }
    ) throws -> [String] {
        let bundle = try Bundle {
            $0.runs(arguments: ["stat", "-c", "%u:%g", "/mnt/file", "/mnt/below/file"])
            configure(&$0)
        }
        let source = bundle.path + "/source"
        for place in [source, source + "/below"] {
            try bundle.sandbox.mount("tmpfs", on: place, type: "tmpfs", data: "size=64k")
            try write("", to: place + "/file")
            #expect(chown(place + "/file", 1000, 1001) == 0)
        }
        // Root of a user namespace can't make the mount point in a directory of the host's root.
        try makeDirectory(bundle.rootfs + "/mnt")
        var mount = JSON.mount("/mnt", source: source, ["rbind"] + options)
        for (name, value) in mappings { mount[name] = value }
        bundle.config.mounts.append(mount)
        return try bundle.output().lines
    }

    // Host's 1000 has no number in the container's user namespace, so it would show as 65534.
    @Test(arguments: [("idmap", "65534:65534"), ("ridmap", "1000:1001")])
    func mountWithoutMappingsHasTheContainers(option: String, below: String) throws {
        #expect(try owners([option]) { $0.mapUsers() } == ["1000:1001", below])
    }

    @Test func mountWithoutMappingsHasThoseOfAJoinedUserNamespace() throws {
        let holder = try Namespaces(["user"])
        let seen = try owners(["ridmap"]) {
            $0.join(namespace: "user", at: holder.path("user"))
            $0.drop(mount: "/sys")
        }
        #expect(seen == ["1000:1001", "1000:1001"])
    }

    @Test func mappingsWithoutTheOptionHoldForTheOneMount() throws {
        let mappings: [String: JSON] = [
            "uidMappings": [["containerID": 1000, "hostID": 5000, "size": 10]],
            "gidMappings": [["containerID": 1000, "hostID": 6000, "size": 10]],
        ]
        #expect(try owners([], mappings) == ["5000:6001", "1000:1001"])
    }
}
