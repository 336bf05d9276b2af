import CHarness
import Testing

/// Runs every configuration in spec-examples/, and checks its output.
@Suite("spec examples", .needsRoot, .sandboxed)
struct SpecExampleTests {
    private static let folder = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/spec-examples"

    static let shown = [
        "annotations": "ran", "bind-mount": "Hello from the host\nread-only", "cgroup": "100\nread-only",
        "device-rules": "1\ndenied", "exec-cpu-affinity": "Cpus_allowed_list:\t0",
        "capabilities": """
        CapInh:\t0000000000000020
        CapPrm:\t0000000000000420
        CapEff:\t0000000000000420
        CapBnd:\t0000000000000420
        CapAmb:\t0000000000000020
        """,
        "devices": "/dev/fuse a:e5 666\n/dev/pipe 0:0 600\n/dev/null 1:3 666", "environment": "hello, /somewhere",
        "hooks": "hello from a hook", "hostname": "slartibartfast\nmagrathea.example", "id-mapped-mount": "3000:4000",
        "id-mapped-tmpfs": "3000:4000", "io-priority": "best-effort: prio 6",
        "joined-namespace": "joined", "masked-paths": "0", "memory-policy": "interleave=static:0",
        "minimal": "Hello from a container",
        "namespaces": "pid\nnet\nmnt\nipc\nuts\ncgroup\n1", "network-device": "inside 10.0.0.7/24",
        "no-new-privileges": "NoNewPrivs:\t1", "oom-score": "500",
        "personality": "i686", "propagation": "1\nran", "read-only-paths": "read-only", "read-only-root": "read-only\nwritable",
        "recursive-read-only": "2\nread-only", "rootless": "0\n         0       1000          1", "rlimits": "64\n128\n0",
        "scheduler": "5 3", "seccomp": "still there",
        "seccomp-arguments": "700\nnot 777",
        "seccomp-notify": "answering for example: an example\nmkdir said yes, but there is no /new",
        "socket-activation": "1 for process 1\nHello from descriptor 3",
        "sysctl": "1\n1234", "systemd-cgroup": "system.slice/wherry-example.scope", "terminal": "/dev/pts/0\n30 100",
        "time-namespace": "up for days",
        "unified": "33554432\n1\n50",
        "tmpfs": "1777\n1024\n /cache rw,nosuid,nodev,noexec,noatime", "user": "1000\n1001\n1001 5 6\n0077",
        "user-namespace": "0\n         0     100000      65536", "working-directory": "/var/lib/new",
    ]

    // The tests' bundles are on a tmpfs, which can't map ids on older kernels.
    @Test(.needsKernel(6, 3), arguments: ["id-mapped-mount", "id-mapped-tmpfs"]) func mappedMountShowsItsFeature(name: String)
        throws
    {
        try show(name)
    }

    /// Examples with a test of their own: they need more than `wherry run`, or not every machine can run them.
    private static let special = [
        "exec-cpu-affinity", "id-mapped-mount", "id-mapped-tmpfs", "rootless", "seccomp-notify", "socket-activation",
        "systemd-cgroup", "unified",
    ]

    @Test(arguments: shown.keys.filter { !special.contains($0) }.sorted()) func showsItsFeature(name: String) throws {
        try show(name)
    }

    @Test(.needsUnifiedCgroups, .needs(controller: "memory"), .needs(controller: "pids")) func unifiedShowsItsFeature() throws {
        try show("unified")
    }

    @Test(arguments: ["exec-cpu-affinity", "rootless", "seccomp-notify", "socket-activation"])
    func commandsShowTheirFeature(name: String) throws {
        try tryCommands(of: name)
    }

    @Test(.needsSystemd) func commandsShowTheCgroupOfSystemd() throws { try tryCommands(of: "systemd-cgroup") }

    /// A bundle with an example's configuration.
    private func bundle(for name: String) throws -> Bundle {
        let bundle = try Bundle()
        let cgroup = bundle.config.linux.cgroupsPath
        bundle.config = try JSONParser.parse(read("\(Self.folder)/\(name)/config.json"))
        if !["rootless", "systemd-cgroup"].contains(name) { bundle.config.linux.cgroupsPath = cgroup }
        try prepare(bundle, for: name)
        return bundle
    }

    private func show(_ name: String) throws {
        let bundle = try bundle(for: name)
        let checked = try bundle.check(adjusting: name == "network-device" ? addDevice : { _ in })
        #expect(checked.status == 0, "\(checked.finished)")

        guard bundle.config.process.terminal == true else {
            let finished = try bundle.run(adjusting: name == "network-device" ? addDevice : { _ in })
            #expect(finished.output.trimmed == Self.shown[name], "\(finished)")
            return
        }
        let (container, terminal) = try bundle.createWithTerminal()
        try container.start()
        try terminal.wait(for: "100\n")
        #expect(terminal.text.trimmed == Self.shown[name])
    }

    /// Gives the command a host with a network device.
    private func addDevice(_ command: inout Command) {
        command.wrap(inNetworkWith: "busybox ip link add outside type veth; busybox ip addr add 10.0.0.7/24 dev outside")
    }

    /// Runs an example's file `try` in its bundle, as the README says. The command `wherry` uses the sandbox's state root.
    private func tryCommands(of name: String) throws {
        let bundle = try bundle(for: name)
        try bundle.writeConfig()
        bundle.sandbox.willDelete("example")
        let programs = try Workspace.directory.get()
        // Copies: the user of a rootless container may not be able to reach the checkout.
        try write(readBytes("\(Self.folder)/\(name)/try"), to: bundle.path + "/try")
        try write(
            "#!/bin/sh\nexec \(programs)/wherry --root \(bundle.path)/state \"$@\"\n", to: bundle.path + "/wherry", mode: 0o755)
        var command = Command([Workspace.busybox, "sh", "-e", bundle.path + "/try"])
        if name == "rootless" {
            try makeDirectory(bundle.path + "/state", mode: 0o700)
            for path in [bundle.path, bundle.path + "/state"] { chown(path, 1000, 1000) }
            command.arguments = [Workspace.probe, "as", "1000"] + command.arguments
        }
        command.environment = ["PATH=\(bundle.path):/usr/sbin:/usr/bin:/sbin:/bin"]
        command.directory = bundle.path
        let finished = try command.run()
        #expect(finished.output.trimmed == Self.shown[name], "\(finished)")
    }

    /// Prepares what an example needs besides the usual root.
    private func prepare(_ bundle: Bundle, for name: String) throws {
        let data = bundle.path + "/data"
        if exists("\(Self.folder)/\(name)/data") {
            try makeDirectory(data)
            try write(readBytes("\(Self.folder)/\(name)/data/greeting"), to: data + "/greeting")
        }
        switch name {
        case "seccomp-notify":
            bundle.config.linux.seccomp.listenerPath = .string(bundle.path + "/agent.sock")
            try write(readBytes("\(Self.folder)/\(name)/agent"), to: bundle.path + "/agent")
        case "masked-paths": try write("secret", to: bundle.rootfs + "/etc/secret")
        case "recursive-read-only":
            try bundle.sandbox.mount(data, on: data, flags: Int(MS_BIND))
            try bundle.sandbox.mount("tmpfs", on: data + "/below", type: "tmpfs", data: "size=64k")
        case "propagation":
            try bundle.sandbox.mount(bundle.rootfs, on: bundle.rootfs, flags: Int(MS_BIND))
            try bundle.sandbox.mount("none", on: bundle.rootfs, flags: Int(MS_SHARED))
        default: break
        }
    }

    @Test func noneIsForgotten() throws {
        let examples = entries(of: Self.folder).filter { exists("\(Self.folder)/\($0)/config.json") }
        #expect(examples == Self.shown.keys.sorted())
        let table = read(Self.folder + "/README.md")
        for name in examples { #expect(table.contains("| [\(name)](\(name)/config.json) | ")) }
    }
}
