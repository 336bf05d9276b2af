import CHarness
import Testing

/// `linux.netDevices`, with a network namespace that stands for the host's: it has a pair of veth devices, ex0 and ex1.
@Suite("network devices", .needsRoot, .sandboxed)
struct NetDeviceTests {
    /// Gives ex0 one address of each kind, and brings both devices up.
    private static let configuration = """
        ip addr add 10.77.0.1/24 dev ex0; ip -6 addr add fd77::1/64 dev ex0; ip addr add 10.78.0.1/32 scope link dev ex0
        ip link set ex0 mtu 1400 address 02:00:00:00:00:07; ip link set ex0 up; ip link set ex1 up
        """

    /// What the device has when it's as `configuration` made it.
    private static let kept = ["inet 10.77.0.1/24", "inet6 fd77::1/64", "mtu 1400", "02:00:00:00:00:07", "UP"]

    private func bundle(_ devices: JSON, running script: String = "ip addr", _ configure: (inout JSON) -> Void = { _ in }) throws
        -> Bundle
    {
        try Bundle {
            $0.process.args = JSON(["sh", "-ec", script])
            $0.linux.netDevices = devices
            configure(&$0)
        }
    }

    /// Runs the container on a host of its own, and then a script there.
    private func run(_ bundle: Bundle, then script: String = "ip addr", configuration: String = Self.configuration) throws
        -> Finished
    {
        var command = try bundle.command("run")
        let before = "ip link set lo up; ip link add ex0 type veth; ip link set veth0 name ex1\n" + configuration
        command.wrap(
            inNetworkWith: before.replacing("ip ", with: "busybox ip "),
            then: "echo 'on the host:'; " + script.replacing("ip ", with: "busybox ip "))
        return try command.run()
    }

    private func expectKept(_ device: String, in text: some StringProtocol) {
        let found = String(text).device(device)
        for property in Self.kept { #expect(found.contains(property), "\(property) in \(text)") }
    }

    @Test func movesWithItsAddresses() throws {
        let finished = try run(bundle(["ex0": [:]]))
        let (inside, outside) = finished.output.halves
        expectKept("ex0", in: inside)
        // Only permanent addresses with global scope move.
        #expect(!inside.contains("10.78.0.1"))
        #expect(outside.device("ex0") == "")
        #expect(finished.succeeded, "\(finished)")
    }

    // The kernel makes the route to an address's network when the address is added.
    @Test func routeToItsNetworkComesWithIt() throws {
        let (inside, _) = try run(bundle(["ex0": [:]], running: "ip route")).output.halves
        #expect(inside.says("10.77.0.0/24 dev ex0"))
    }

    @Test func hasAnotherNameIfTheConfigGivesOne() throws {
        let (inside, _) = try run(bundle(["ex0": ["name": "eth7"]])).output.halves
        expectKept("eth7", in: inside)
        #expect(inside.device("ex0") == "")
    }

    @Test func kernelChoosesANameFromATemplate() throws {
        let (inside, _) = try run(bundle(["ex0": ["name": "net%d"], "ex1": ["name": "net%d"]])).output.halves
        expectKept("net0", in: inside.device("net0").contains("inet ") ? inside : inside.replacing("net1@", with: "net0@"))
        #expect(inside.device("net1") != "")
    }

    @Test func belongsToAContainerWithAUserNamespaceToo() throws {
        let finished = try run(bundle(["ex0": [:]]) { $0.mapUsers() })
        expectKept("ex0", in: finished.output.halves.inside)
    }

    @Test func sysctlsOfTheDeviceAreSet() throws {
        let bundle = try bundle(["ex0": [:]], running: "cat /proc/sys/net/ipv4/conf/ex0/forwarding") {
            $0.linux.sysctl = ["net.ipv4.conf.ex0.forwarding": "1"]
        }
        #expect(try run(bundle).output.halves.inside.trimmed == "1")
    }

    @Test func hooksSeeItInTheContainer() throws {
        let bundle = try bundle(["ex0": [:]], running: "true")
        bundle.config.hooks = [
            "createRuntime": [["path": "/bin/sh", "args": ["sh", "-c", "cat /proc/net/dev > \(bundle.path)/host-devices"]]],
            "createContainer": [["path": "/bin/sh", "args": ["sh", "-c", "cat /proc/net/dev > \(bundle.path)/devices"]]],
        ]
        #expect(try run(bundle).succeeded)
        #expect(read(bundle.path + "/devices").contains("ex0:") && !read(bundle.path + "/host-devices").contains("ex0:"))
    }

    @Test func isUpThoughItWasDownOnTheHost() throws {
        let finished = try run(
            bundle(["ex0": [:]]), configuration: "ip addr add 10.77.0.1/24 dev ex0; ip link set ex1 up")
        let found = finished.output.halves.inside.device("ex0")
        #expect(found.contains(",UP") && found.contains("inet 10.77.0.1/24"), "\(finished)")
    }

    @Test func addressKeepsItsBroadcastAddressAndItsLackOfARoute() throws {
        let more = "\nip addr add 10.79.0.1/24 broadcast 10.79.0.99 dev ex0; ip addr add 10.80.0.1/24 dev ex0 noprefixroute"
        let finished = try run(
            bundle(["ex0": [:]], running: "ip addr; ip route"), configuration: Self.configuration + more)
        let (inside, _) = finished.output.halves
        #expect(inside.device("ex0").says("inet 10.79.0.1/24 brd 10.79.0.99 "))
        #expect(inside.device("ex0").says("inet 10.80.0.1/24 "))
        #expect(inside.says("10.79.0.0/24 dev ex0") && !inside.contains("10.80.0.0/24"), "\(finished)")
    }

    /// Whether busybox's ip can give an address a lifetime.
    static let knowsLifetimes: Bool = {
        let add = ["ip", "addr", "add", "10.0.0.1/32", "valid_lft", "60", "preferred_lft", "60", "dev", "lo"]
        let command = Command([Workspace.busybox, "unshare", "-n", Workspace.busybox] + add)
        return (try? command.run().succeeded) == true
    }()

    // Whoever gave it for a time, such as a DHCP client, doesn't renew it in the container.
    @Test(.enabled(if: NetDeviceTests.knowsLifetimes, "busybox's ip knows no lifetimes of addresses"))
    func addressThatIsGivenForATimeDoesNotMove() throws {
        let more = "\nip addr add 10.81.0.1/24 valid_lft 3600 preferred_lft 3600 dev ex0"
        let finished = try run(bundle(["ex0": [:]]), configuration: Self.configuration + more)
        let (inside, _) = finished.output.halves
        expectKept("ex0", in: inside)
        #expect(finished.succeeded && !inside.contains("10.81.0.1"), "\(finished)")
    }

    // config-linux.md, "Namespace Lifecycle and Container Termination": the runtime doesn't move it back.
    @Test func staysInANamespaceThatOutlivesTheContainer() throws {
        let namespaces = try Namespaces(["network"])
        let bundle = try bundle(["ex0": [:]]) { $0.join(namespace: "network", at: namespaces.path("network")) }
        // While the host has the other one of the pair: without it the kernel destroys this one.
        let finished = try run(bundle, then: "\(Workspace.busybox) nsenter -t \(namespaces.pid) -n ip addr")
        let (inside, afterwards) = finished.output.halves
        expectKept("ex0", in: inside)
        expectKept("ex0", in: afterwards)
    }

    // MARK: Failures

    /// Expects that the container isn't created, and that the host's device is as before.
    private func refusal(_ bundle: Bundle, configuration: String = Self.configuration) throws -> String {
        let finished = try run(bundle, configuration: configuration)
        #expect(finished.ending == .exited(1), "\(finished)")
        expectKept("ex0", in: finished.output.halves.outside)
        return finished.message
    }

    @Test func deviceThatIsNotThereIsNamed() throws {
        let message = try refusal(bundle(["ex0": [:], "gone0": [:]]))
        #expect(message.says("/linux/netDevices/gone0: there is no network device \"gone0\""))
        #expect(message.says("\"ip link\" lists those in the network namespace of wherry"))
    }

    @Test func nameThatIsTakenIsRefused() throws {
        let message = try refusal(bundle(["ex0": ["name": "lo"]]))
        #expect(message.says("/linux/netDevices/ex0: the container's network namespace has a device \"lo\" already"))
        #expect(message.says("give it another name by the property \"name\", or a template such as eth%d"))
    }

    @Test func hostsOwnNamespaceHasTheDeviceAlready() throws {
        let message = try refusal(bundle(["ex0": [:]]) { $0.join(namespace: "network", at: "/proc/self/ns/net") })
        #expect(message.says("the container's network namespace has a device \"ex0\" already"))
    }

    @Test func deviceThatTheKernelKeepsIsNamed() throws {
        let message = try refusal(bundle(["ex0": [:], "lo": ["name": "lo7"]]))
        #expect(
            message.says("/linux/netDevices/lo: the network device \"lo\" can't be moved into the container: invalid argument"))
        #expect(message.says("may the device leave its namespace (\"ethtool -k\": netns-local: off)?"))
    }

    @Test func addressThatCanNotBeKeptIsNamed() throws {
        let namespaces = try Namespaces(["network"])
        let enter = Command([Workspace.busybox, "nsenter", "-n", "-t", "\(namespaces.pid)", Workspace.busybox, "sh", "-c"])
        var disable = enter
        disable.arguments.append("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        #expect(try disable.run().succeeded)
        let message = try refusal(bundle(["ex0": [:]]) { $0.join(namespace: "network", at: namespaces.path("network")) })
        #expect(message.says("/linux/netDevices/ex0: the network device can't keep its address fd77::1/64"))
        #expect(message.says("is IPv6 disabled in the container's network namespace?"))
    }

    // A virtual device would be destroyed with the namespace of a container that isn't created.
    @Test func isGivenBackIfTheContainerIsNotCreated() throws {
        #expect(
            try refusal(bundle(["ex0": ["name": "eth0"]]) { $0.process.args = ["/no/such/program"] }).says("/no/such/program"))
        let failing: JSON = [["path": "/bin/false"]]
        for kind in ["createRuntime", "createContainer"] {
            #expect(try refusal(bundle(["ex0": [:]]) { $0.hooks = [kind: failing] }).says(kind))
        }
    }

    @Test func isGivenBackDownIfItWasDown() throws {
        let bundle = try bundle(["ex0": [:]]) { $0.hooks = ["createRuntime": [["path": "/bin/false"]]] }
        let finished = try run(bundle, configuration: "ip addr add 10.77.0.1/24 dev ex0; ip link set ex1 up")
        #expect(finished.ending == .exited(1) && finished.message.says("createRuntime"))
        let found = finished.output.halves.outside.device("ex0")
        #expect(found.contains("inet 10.77.0.1/24") && !found.contains(",UP"), "\(finished)")
    }

    @Test func needsANetworkNamespace() throws {
        let message = try refusal(bundle(["ex0": [:]]) { $0.drop(namespace: "network") })
        #expect(message.says("/linux/netDevices: needs a network namespace"))
    }
}

extension String {
    /// What the container wrote, and what the host's script wrote.
    fileprivate var halves: (inside: String, outside: String) {
        let parts = split(separator: "on the host:\n", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts.first ?? ""), String(parts.count > 1 ? parts[1] : ""))
    }

    /// The part of the output of `ip addr` about this device; empty if it isn't there.
    fileprivate func device(_ name: String) -> String {
        var found: [String] = []
        var isHere = false
        for line in lines {
            if line.first?.isNumber == true { isHere = line.words.dropFirst().first?.hasPrefix(name + "@") == true }
            if isHere { found.append(line) }
        }
        return found.joined(separator: "\n")
    }
}
