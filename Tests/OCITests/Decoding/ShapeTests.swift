import Bytes
import Testing

@testable import OCI

@Suite struct ShapeTests {
    @Test(arguments: [
        ("net.ipv4.ip_forward", ["net", "ipv4", "ip_forward"]),
        ("net/ipv4/conf/eno2.100/mtu", ["net", "ipv4", "conf", "eno2.100", "mtu"]),
        ("net.ipv4.conf.eno2/100.mtu", ["net", "ipv4", "conf", "eno2.100", "mtu"]),
        ("kernel.shm_rmid_forced", ["kernel", "shm_rmid_forced"]),
    ])
    func splitsKernelParameters(_ key: String, _ parts: [String]) {
        #expect(Sysctl(key: ByteString(key), value: "").components == parts.map { ByteString($0) })
    }

    @Test(arguments: [
        "", "kernel", ".", "/", "kernel.", ".kernel", "kernel..x", "/proc/sys/x", "net/../kernel/core_pattern", "net.//.kernel",
        "net/./x",
        "kernel.shm_rmid_forced+net.x", "kernel.a b", "kernel.a\nb", "kernel.é",
    ])
    func refusesWhatIsNoKernelParameter(_ key: String) { #expect(Sysctl(key: ByteString(key), value: "").components == nil) }

    @Test func readsNumberLists() {
        #expect(NumberList("7")?.ranges == [7...7])
        #expect(NumberList("0-3,7,65535")?.ranges == [0...3, 7...7, 65535...65535])
        #expect(NumberList("5,0-0")?.ranges == [5...5, 0...0])
    }

    @Test(arguments: [
        "", ",", "1,", "-1", "1-", "3-1", "1-2-3", "a", "1 ", "0x1", "65536", "0-65536", "99999999999999999999", "+1",
    ])
    func refusesWhatIsNoNumberList(_ text: String) { #expect(NumberList(ByteString(text)) == nil) }

    @Test(arguments: ["64KB", "2MB", "1GB", "1000000KB"]) func takesPageSizes(_ text: String) {
        #expect(isPageSize(ByteString(text)))
    }

    @Test(arguments: ["", "KB", "0MB", "02MB", "2M", "2TB", "2 MB", "2mB", "-2MB", "2MB "])
    func refusesWhatIsNoPageSize(_ text: String) { #expect(!isPageSize(ByteString(text))) }

    @Test(arguments: ["eth0", "x%d", "123456789012345", "br-1.2_3@a"])
    func takesInterfaceNames(_ text: String) { #expect(isInterfaceName(ByteString(text))) }

    @Test(arguments: ["", ".", "..", "a/b", "a b", "a\tb", "a\nb", "a:b", "1234567890123456"])
    func refusesWhatIsNoInterfaceName(_ text: String) { #expect(!isInterfaceName(ByteString(text))) }
}
