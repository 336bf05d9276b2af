import CHarness
import Testing

@Suite("hostname, domainname and sysctl", .needsRoot, .sandboxed)
struct NameTests {
    @Test func hostnameIsSet() throws {
        #expect(try output(of: "hostname") { $0.hostname = "box-1.example" } == "box-1.example\n")
    }

    @Test func hostnameIsTheCallersUnlessSet() throws {
        #expect(try output(of: "hostname") == read("/proc/sys/kernel/hostname"))
    }

    @Test func domainnameIsSet() throws {
        let seen = try output(of: "cat", "/proc/sys/kernel/domainname") { $0.domainname = "example.test" }
        #expect(seen == "example.test\n")
    }

    // Without a UTS namespace the container would change the host's name.
    @Test(arguments: ["hostname", "domainname"]) func withoutAUTSNamespaceIsRefused(property: String) throws {
        let before = read("/proc/sys/kernel/\(property)")
        let message = try refusal {
            $0[property] = "not-the-hosts"
            $0.drop(namespace: "uts")
        }
        #expect(message.points(to: "/" + property))
        #expect(read("/proc/sys/kernel/\(property)") == before)
    }

    @Test(arguments: ["hostname", "domainname"]) func tooLongIsRefused(property: String) throws {
        #expect(try refusal { $0[property] = .string(String(repeating: "a", count: 65)) }.points(to: "/" + property))
    }

    @Test func sysctlsOfNewNamespacesAreSet() throws {
        let seen = try output(
            ofScript: "cd /proc/sys; cat net/ipv4/ip_forward kernel/shmmni fs/mqueue/msg_max net/ipv4/ip_unprivileged_port_start"
        ) {
            $0.linux.sysctl = [
                "net.ipv4.ip_forward": "1", "kernel.shmmni": "4000", "fs.mqueue.msg_max": "12",
                "net/ipv4/ip_unprivileged_port_start": "80",
            ]
        }
        #expect(seen == "1\n4000\n12\n80\n")
    }

    @Test func domainnameMayBeASysctl() throws {
        let seen = try output(of: "cat", "/proc/sys/kernel/domainname") {
            $0.linux.sysctl = ["kernel.domainname": "example.test"]
        }
        #expect(seen == "example.test\n")
    }

    @Test func interfaceNamesMayHoldDotsWhereSlashesSeparate() throws {
        let seen = try output(ofScript: "cat /proc/sys/net/ipv4/conf/lo/forwarding") {
            $0.linux.sysctl = ["net/ipv4/conf/lo/forwarding": "1"]
        }
        #expect(seen == "1\n")
    }

    @Test(
        arguments: [
            "kernel.core_pattern", "kernel/core_pattern", "net/../kernel/core_pattern", "net.ipv4./core_pattern",
            "/proc/sys/kernel/core_pattern",
            "vm.swappiness", "kernel.panic", "net.ipv4.no_such_setting", "kernel.hostname.x", "", ".", "net", "net.",
            "kernel.shm_rmid_forced+x",
            "../../../etc/passwd", "user.max_user_namespaces",
        ])
    func sysctlOfTheHostIsRefused(key: String) throws {
        let message = try refusal { $0.linux.sysctl = [key: "1"] }
        #expect(message.points(to: "/linux/sysctl"), "\(message)")
    }

    @Test(arguments: [
        ("net.ipv4.ip_forward", "network"), ("kernel.shmmni", "ipc"), ("fs.mqueue.msg_max", "ipc"), ("kernel.domainname", "uts"),
    ])
    func sysctlOfANamespaceThatIsNotTheContainersIsRefused(key: String, type: String) throws {
        let message = try refusal {
            $0.linux.sysctl = [key: "1"]
            $0.drop(namespace: type)
        }
        #expect(message.points(to: "/linux/sysctl"))
    }

    // A path to the caller's own namespace doesn't give the container another one.
    @Test func sysctlOfAJoinedNamespaceOfTheHostIsRefused() throws {
        let before = read("/proc/sys/net/ipv4/ip_forward")
        let message = try refusal {
            $0.linux.sysctl = ["net.ipv4.ip_forward": "1"]
            $0.join(namespace: "network", at: "/proc/\(getpid())/ns/net")
        }
        #expect(message.points(to: "/linux/sysctl"))
        #expect(read("/proc/sys/net/ipv4/ip_forward") == before)
    }

    @Test func sysctlValueOfTwoLinesIsRefused() throws {
        #expect(try refusal { $0.linux.sysctl = ["net.ipv4.ip_forward": "1\n0"] }.points(to: "/linux/sysctl/net.ipv4.ip_forward"))
    }
}
