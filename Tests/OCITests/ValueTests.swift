import Bytes
import Testing

@testable import OCI

@Suite struct ValueTests {
    @Test(arguments: [
        ("net.ipv4.ip_forward", ["net", "ipv4", "ip_forward"]),
        ("net/ipv4/conf/eno2.100/mtu", ["net", "ipv4", "conf", "eno2.100", "mtu"]),
        ("net.ipv4.conf.eno2/100.mtu", ["net", "ipv4", "conf", "eno2.100", "mtu"]),
        ("net.ipv4.conf.veth@2.mtu", ["net", "ipv4", "conf", "veth@2", "mtu"]),
        ("kernel.shm_rmid_forced", ["kernel", "shm_rmid_forced"]),
    ])
    func splitsKernelParameters(_ key: String, _ parts: [String]) {
        let key = ByteString(key)
        #expect(SysctlKey(key)?.components == parts.map { ByteString($0) })
        #expect(SysctlKey(key)?.text == key)
    }

    // An interface's name can't have a ":", and no kernel parameter has one.
    @Test(arguments: [
        "", "kernel", ".", "/", "kernel.", ".kernel", "kernel..x", "/proc/sys/x", "net/../kernel/core_pattern", "net.//.kernel",
        "net/./x", "kernel.shm_rmid_forced+net.x", "kernel.a b", "kernel.a\nb", "kernel.é", "net.ipv4.conf.eth0:1.mtu",
    ])
    func refusesWhatIsNoKernelParameter(_ key: String) { #expect(SysctlKey(ByteString(key)) == nil) }

    @Test func readsNumberLists() {
        #expect(NumberList("7")?.ranges == [7...7])
        #expect(NumberList("0-3,7,65535")?.ranges == [0...3, 7...7, 65535...65535])
        #expect(NumberList("5,0-0")?.ranges == [5...5, 0...0])
    }

    /// The kernel gets the list as it was written.
    @Test func keepsTheTextOfANumberList() { #expect(NumberList("5,0-0")?.text == "5,0-0") }

    @Test func maskOfANumberListHasABitForEachNumber() {
        #expect(NumberList("0-2,9")?.mask == [0b0111, 0b0010, 0, 0, 0, 0, 0, 0])
        #expect(NumberList("63")?.mask == [0, 0, 0, 0, 0, 0, 0, 0x80])
        #expect(NumberList("64")?.mask == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(NumberList("62-65,0")?.mask == [1, 0, 0, 0, 0, 0, 0, 0xC0, 0b0011, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: [
        "", ",", "1,", "-1", "1-", "3-1", "1-2-3", "a", "1 ", "0x1", "65536", "0-65536", "99999999999999999999", "+1", "0\n1",
    ])
    func refusesWhatIsNoNumberList(_ text: String) { #expect(NumberList(ByteString(text)) == nil) }

    @Test(arguments: ["64KB", "2MB", "1GB", "1000000KB"]) func takesPageSizes(_ text: String) {
        #expect(PageSize(ByteString(text))?.text == ByteString(text))
    }

    @Test(arguments: ["", "KB", "0MB", "02MB", "2M", "2TB", "2 MB", "2mB", "-2MB", "2MB ", "../../xMB"])
    func refusesWhatIsNoPageSize(_ text: String) { #expect(PageSize(ByteString(text)) == nil) }

    @Test(arguments: ["eth0", "x%d", "123456789012345", "br-1.2_3@a", "é"])
    func takesInterfaceNames(_ text: String) { #expect(InterfaceName(ByteString(text))?.text == ByteString(text)) }

    // The second byte of "à" is 0xA0, white space to the kernel.
    @Test(arguments: ["", ".", "..", "a/b", "a b", "a\tb", "a\nb", "a:b", "1234567890123456", "à"])
    func refusesWhatIsNoInterfaceName(_ text: String) { #expect(InterfaceName(ByteString(text)) == nil) }

    @Test(arguments: ["mlx5_1", "rxe3", "a:b", String(repeating: "x", count: 63)])
    func takesNamesOfRDMADevices(_ text: String) { #expect(RDMADeviceName(ByteString(text))?.text == ByteString(text)) }

    @Test(arguments: ["", ".", "..", "a/b", "a b", "a\tb", "a\nb", "a\u{B}b", String(repeating: "x", count: 64)])
    func refusesWhatIsNoNameOfAnRDMADevice(_ text: String) { #expect(RDMADeviceName(ByteString(text)) == nil) }

    @Test(arguments: [
        "memory.max", "io.bfq.weight", "hugetlb.1GB.max", "new_thing.x", "cgroup.max.depth", "cgroup.max.descendants",
    ])
    func takesFilesOfControllers(_ text: String) { #expect(ControllerFile(ByteString(text))?.text == ByteString(text)) }

    @Test(arguments: [
        "cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "cgroup.kill", "cgroup.freeze", "cgroup.type", "memory",
        ".max", "memory.", "memory..max", "memory.max ", "memory.ma-x", "../memory.max", "..", "", "a\nb.max",
    ])
    func refusesWhatIsNoFileOfAController(_ text: String) { #expect(ControllerFile(ByteString(text)) == nil) }
}
