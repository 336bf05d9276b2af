import CHarness
import Testing

/// Runs the configurations that docker, containerd, podman and buildah wrote. What existed only on the engines' machines is
/// replaced.
@Suite("engines' configurations", .needsRoot, .sandboxed)
struct SampleRunTests {
    private static let folder =
        #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/OCITests/Samples"
    static let names = entries(of: folder).filter { $0.hasSuffix(".config.json") }

    @Test func thereAreSome() { #expect(Self.names.count > 20) }

    @Test(arguments: names) func runs(name: String) throws {
        let bundle = try Bundle()
        let cgroup = bundle.config.linux.cgroupsPath
        bundle.config = try JSONParser.parse(read(Self.folder + "/" + name))
        bundle.config.linux.cgroupsPath = cgroup
        bundle.config.root.path = "rootfs"
        bundle.config.hooks = .null
        bundle.config.process.terminal = false
        bundle.config.process.cwd = "/"
        bundle.config.runs("echo ran as $(id -u):$(id -g); grep Seccomp: /proc/self/status; cat /proc/self/mountinfo")
        try replaceSources(in: bundle)
        replaceNamespaces(in: bundle)
        lowerLimits(in: bundle)
        giveRoot(of: bundle)
        if Host.isUnified, bundle.config.linux.resources.memory.swappiness != .null {
            #expect(try bundle.run().errors.says("cgroup v2 has no such setting"))
            bundle.config.linux.resources.memory.swappiness = .null
        }

        let wanted = bundle.config
        let checked = try bundle.check()
        #expect(checked.status == 0, "\(checked.finished)")
        let seen = try bundle.output()
        #expect(seen.hasPrefix("ran as \(wanted.process.user.uid):\(wanted.process.user.gid)\n"))
        #expect(seen.contains("Seccomp:\t\(wanted.linux.seccomp == .null ? 0 : 2)\n"))
        let mounted = Set(Mount.table(seen).map(\.path))
        for mount in wanted.mounts.elements { #expect(mounted.contains(mount.destination.text ?? ""), "\(mount)") }
        for path in wanted.linux.readonlyPaths.elements where exists(path.text ?? "") {
            #expect(mounted.contains(path.text ?? ""))
        }
    }

    /// Replaces the mounts' sources that only the engine's machine had.
    private func replaceSources(in bundle: Bundle) throws {
        let files: Set = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv"]
        for index in bundle.config.mounts.elements.indices {
            let mount = bundle.config.mounts[index]
            guard let source = mount.source.text, source.hasPrefix("/"), !exists(source) else { continue }
            let replacement = bundle.path + "/source\(index)"
            if files.contains(mount.destination.text ?? "") {
                try write("", to: replacement)
            } else {
                try makeDirectory(replacement)
            }
            bundle.config.mounts[index].source = .string(replacement)
        }
    }

    private func replaceNamespaces(in bundle: Bundle) {
        for index in bundle.config.linux.namespaces.elements.indices {
            guard let path = bundle.config.linux.namespaces[index].path.text, !exists(path) else { continue }
            bundle.config.linux.namespaces[index].path = .null
        }
    }

    /// Lowers the rlimits to what root may set on this machine.
    private func lowerLimits(in bundle: Bundle) {
        let numbers = Dictionary(uniqueKeysWithValues: LimitTests.types.map { ($0.name, $0.number) })
        for index in bundle.config.process.rlimits.elements.indices {
            var present = rlimit()
            let limit = bundle.config.process.rlimits[index]
            guard let number = numbers[limit.type.text ?? ""], h_limit(number, &present) == 0 else { continue }
            for name in ["soft", "hard"] {
                bundle.config.process.rlimits[index][name] = .number(
                    min(limit[name].integer ?? .max, Int(clamping: present.rlim_max)))
            }
        }
    }

    /// Gives the root file system to the container's root, if that is another user on the host.
    private func giveRoot(of bundle: Bundle) {
        let owner = bundle.config.linux.uidMappings.elements.first { $0.containerID == 0 }?.hostID.integer
        guard let owner else { return }
        chown(bundle.rootfs, uid_t(owner), gid_t(owner))
        for name in entries(of: bundle.rootfs) { chown(bundle.rootfs + "/" + name, uid_t(owner), gid_t(owner)) }
    }
}
