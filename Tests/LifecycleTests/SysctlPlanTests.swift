import Bytes
import Errors
import OCI
import Testing

@testable import Lifecycle

@Suite struct SysctlPlanTests {
    private func sysctls(_ key: String) throws -> [Sysctl] {
        let text = #"{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "linux": {"sysctl": {"\#(key)": "1"}}}"#
        return try Config(parsing: Array(text.utf8)).linux.sysctl
    }

    @Test(
        arguments: [
            ("net.ipv4.ip_forward", .network, "sys/net/ipv4/ip_forward"),
            ("net/ipv4/conf/eno2.100/mtu", .network, "sys/net/ipv4/conf/eno2.100/mtu"),
            ("net.ipv4.conf.veth@2.mtu", .network, "sys/net/ipv4/conf/veth@2/mtu"),
            ("kernel.shmmax", .ipc, "sys/kernel/shmmax"), ("kernel.msg_next_id", .ipc, "sys/kernel/msg_next_id"),
            ("fs.mqueue.msg_max", .ipc, "sys/fs/mqueue/msg_max"), ("kernel.domainname", .uts, "sys/kernel/domainname"),
            ("user.max_user_namespaces", .user, "sys/user/max_user_namespaces"),
        ] as [(String, Namespace.Kind, ByteString)])
    func belongsToANamespace(_ key: String, _ kind: Namespace.Kind, _ path: ByteString) throws {
        let entry = try #require(try SysctlPlan.entries(sysctls(key)) { $0 == kind }.first)
        #expect(entry.path == path)
        #expect(entry.key == ByteString(key))
        #expect(entry.value == "1")
        let error = #expect(throws: RuntimeError.self) { try SysctlPlan.entries(sysctls(key)) { $0 != kind } }
        #expect(error?.sentence == "\"\(key)\" belongs to the \(kind.name) namespace, and the container shares the host's")
        #expect(error?.pointer == "/linux/sysctl/" + key.replacing("/", with: "~1"))
    }

    @Test(arguments: ["kernel.core_pattern", "kernel.panic", "vm.swappiness", "fs.file-max", "fs.mqueue", "kernel.sem.x"])
    func refusesWhatIsTheHosts(_ key: String) {
        let error = #expect(throws: RuntimeError.self) { try SysctlPlan.entries(sysctls(key)) { _ in true } }
        #expect(error?.sentence == "\"\(key)\" is not a parameter of a namespace")
    }

    @Test func leavesTheHostNameToItsProperty() {
        let error = #expect(throws: RuntimeError.self) { try SysctlPlan.entries(sysctls("kernel.hostname")) { _ in true } }
        #expect(error?.sentence == "kernel.hostname is set by the property hostname")
    }
}
