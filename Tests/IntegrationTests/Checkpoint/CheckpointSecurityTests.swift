import CHarness
import Testing

@Suite("security of restore", .needsRoot, .sandboxed, .needsCriu, .serialized)
struct CheckpointSecurityTests {
    /// Changes to config.json between checkpoint and restore, each with the property that the restored processes then exceed.
    static let changes: [(String, @Sendable (inout JSON) -> Void)] = [
        ("/process/capabilities", { $0.process.capabilities = .capabilities(["CAP_KILL"]) }),
        ("/linux/seccomp", { $0.linux.seccomp = ["defaultAction": "SCMP_ACT_ALLOW"] }),
        ("/process/user/uid", { $0.process.user.uid = 1000 }),
        ("/process/user/gid", { $0.process.user.gid = 1000 }),
        ("/mounts/5", { $0.mounts[5].options = ["bind", "ro"] }),
    ]

    @Test(arguments: changes.indices) func endsProcessesThatHaveMoreThanTheConfigurationGives(index: Int) throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/source")
        bundle.config.mounts.append(.mount("/data", source: bundle.path + "/source", ["bind"]))
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        #expect(try bundle.checkpoint().succeeded)
        let count = bundle.count
        let (pointer, change) = Self.changes[index]
        change(&bundle.config)
        let message = try bundle.refusalToRestore()
        #expect(message.says("restored process"))
        #expect(message.points(to: pointer))
        #expect(bundle.count == count)
    }

    @Test func makesTheRootReadOnlyIfTheConfigurationSaysSo() throws {
        let bundle = try Bundle()
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        #expect(try bundle.checkpoint().succeeded)
        let count = bundle.count
        bundle.config.root.readonly = true
        let container = try bundle.restore()
        #expect(read("/proc/\(container.pid)/mountinfo").lines.contains { $0.words[4...5].elementsEqual(["/", "ro,relatime"]) })
        #expect(bundle.count == count)
    }

    @Test func keepsNoNewPrivilegesAndTheFilter() throws {
        let bundle = try Bundle { $0.linux.seccomp = ["defaultAction": "SCMP_ACT_ALLOW"] }
        bundle.counts()
        let first = try bundle.start()
        try bundle.waitForCounting()
        func security(_ pid: pid_t) -> [String] {
            read("/proc/\(pid)/status").lines.filter { line in
                ["Cap", "NoNewPrivs", "Seccomp", "Uid", "Gid", "Groups"].contains { line.hasPrefix($0) }
            }
        }
        let before = security(first.pid)
        #expect(before.contains { $0.words == ["NoNewPrivs:", "1"] } && before.contains { $0.words == ["Seccomp:", "2"] })
        #expect(try bundle.checkpoint().succeeded)
        #expect(security(try bundle.restore().pid) == before)
    }

    /// criu would take the text after "]:" for a path of the host (CVE-2026-119101).
    @Test func letsNoLinkOfTheImageNameAMount() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/source")
        try makeDirectory(bundle.rootfs + "/x]:")
        try makeLink(bundle.rootfs + "/data", to: "x]:")
        bundle.config.mounts.append(.mount("/data", source: bundle.path + "/source", ["bind"]))
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        let refused = try bundle.checkpoint()
        #expect(refused.ending == .exited(1))
        #expect(refused.message.says("\"/x]:\" can't be checkpointed"))
        #expect(try Container(of: bundle).status() == "running")
    }

    /// If a link leads a mount elsewhere in the root, the link is followed as at creation, and the image names the mount by its
    /// destination in config.json.
    @Test func namesMountsByTheConfigurationAlone() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/source")
        try makeDirectory(bundle.rootfs + "/var/secret-place")
        try makeLink(bundle.rootfs + "/data", to: "/var/secret-place")
        bundle.config.mounts.append(.mount("/data", source: bundle.path + "/source", ["bind"]))
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        #expect(try bundle.checkpoint().succeeded)
        let log = read(bundle.image + "/dump.log")
        #expect(log.contains("mount-2f64617461 mapping for ./var/secret-place mountpoint"))
        let container = try bundle.restore()
        #expect(try metadata("/proc/\(container.pid)/root/var/secret-place").st_ino == metadata(bundle.path + "/source").st_ino)
    }

    @Test func refusesAnImageWithLinksOrFilesOfOthers() throws {
        let bundle = try Bundle()
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        #expect(try bundle.checkpoint().succeeded)
        try makeLink(bundle.image + "/restore.log", to: "/etc/passwd")
        #expect(try bundle.refusalToRestore().says("is a link, or can be changed by other users"))
        unlink(bundle.image + "/restore.log")
        chmod(bundle.image + "/core-1.img", 0o666)
        #expect(try bundle.refusalToRestore().says("\"core-1.img\" in the image"))
        chmod(bundle.image + "/core-1.img", 0o600)
        _ = try bundle.restore()
    }
}
