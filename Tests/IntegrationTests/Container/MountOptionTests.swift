import CHarness
import Testing

/// Each mount option has its effect, or is accepted because it has none, or is named in a warning or an error.
@Suite("mount options", .needsRoot, .sandboxed)
struct MountOptionTests {
    private enum Outcome {
        /// A flag of the mount is set, or isn't set.
        case flag(String), noFlag(String)
        /// The mount handles access times as `relatime`, `noatime` or `strictatime` does.
        case accessTime(String)
        case superFlag(String), noSuperFlag(String)
        case propagation([String])
        /// The option is accepted, and has no visible effect.
        case taken
        case warning
        case refusal
    }

    /// What an option does on a tmpfs and on a bind mount. `after` is an earlier option whose effect this one takes back.
    private struct Expectation {
        let tmpfs: Outcome
        let bind: Outcome
        var after: String?

        init(_ both: Outcome, after: String? = nil) { (tmpfs, bind, self.after) = (both, both, after) }
        init(tmpfs: Outcome, bind: Outcome, after: String? = nil) { (self.tmpfs, self.bind, self.after) = (tmpfs, bind, after) }
    }

    private static let attributes: [String: Expectation] = [
        "ro": Expectation(.flag("ro")), "rw": Expectation(.flag("rw"), after: "ro"), "nosuid": Expectation(.flag("nosuid")),
        "suid": Expectation(.noFlag("nosuid"), after: "nosuid"), "nodev": Expectation(.flag("nodev")),
        "dev": Expectation(.noFlag("nodev"), after: "nodev"), "noexec": Expectation(.flag("noexec")),
        "exec": Expectation(.noFlag("noexec"), after: "noexec"), "noatime": Expectation(.accessTime("noatime")),
        "atime": Expectation(.accessTime("relatime"), after: "noatime"),
        "relatime": Expectation(.accessTime("relatime"), after: "strictatime"),
        // norelatime takes back `relatime` and nothing else, as in mount(8).
        "norelatime": Expectation(.accessTime("relatime")), "strictatime": Expectation(.accessTime("strictatime")),
        "nostrictatime": Expectation(.accessTime("relatime"), after: "strictatime"),
        "nodiratime": Expectation(.flag("nodiratime")),
        "diratime": Expectation(.noFlag("nodiratime"), after: "nodiratime"), "nosymfollow": Expectation(.flag("nosymfollow")),
        "symfollow": Expectation(.noFlag("nosymfollow"), after: "nosymfollow"),
    ]

    private static let others: [String: Expectation] = [
        "defaults": Expectation(.taken), "silent": Expectation(.taken), "loud": Expectation(.taken),
        // The bind mount's source is shared.
        "private": Expectation(.propagation([])), "rprivate": Expectation(.propagation([])),
        "shared": Expectation(tmpfs: .propagation(["shared"]), bind: .propagation(["shared", "master"])),
        "rshared": Expectation(tmpfs: .propagation(["shared"]), bind: .propagation(["shared", "master"])),
        "slave": Expectation(tmpfs: .propagation([]), bind: .propagation(["master"])),
        "rslave": Expectation(tmpfs: .propagation([]), bind: .propagation(["master"])),
        "unbindable": Expectation(.propagation(["unbindable"])), "runbindable": Expectation(.propagation(["unbindable"])),
        "sync": Expectation(tmpfs: .superFlag("sync"), bind: .warning),
        "async": Expectation(tmpfs: .noSuperFlag("sync"), bind: .warning, after: "sync"),
        "dirsync": Expectation(tmpfs: .superFlag("dirsync"), bind: .warning),
        "lazytime": Expectation(tmpfs: .superFlag("lazytime"), bind: .warning),
        "nolazytime": Expectation(tmpfs: .noSuperFlag("lazytime"), bind: .warning, after: "lazytime"),
        "iversion": Expectation(tmpfs: .taken, bind: .warning), "noiversion": Expectation(tmpfs: .taken, bind: .warning),
        "mand": Expectation(tmpfs: .taken, bind: .warning), "nomand": Expectation(tmpfs: .taken, bind: .warning),
        // Its effect on a tmpfs has a test of its own: MountTests.tmpfsMayBeginWithWhatItCovers.
        "tmpcopyup": Expectation(tmpfs: .taken, bind: .refusal),
        // Both need mappings.
        "idmap": Expectation(.refusal), "ridmap": Expectation(.refusal),
        // The options of fstab(5).
        "auto": Expectation(.taken), "noauto": Expectation(.taken), "nofail": Expectation(.taken), "_netdev": Expectation(.taken),
        "nouser": Expectation(.taken), "user": Expectation(.flag("noexec")), "users": Expectation(.flag("noexec")),
        "owner": Expectation(.flag("nosuid")), "group": Expectation(.flag("nodev")),
    ]

    private static let withValues: [String: Expectation] = [
        "ro=recursive": Expectation(.flag("ro")), "nosuid=recursive": Expectation(.flag("nosuid")),
        "noatime=recursive": Expectation(.accessTime("noatime")), "rw=recursive": Expectation(.flag("rw"), after: "rro"),
        "ro=x": Expectation(.refusal), "rro=x": Expectation(.refusal), "rro=recursive": Expectation(.refusal),
        "ro=": Expectation(.refusal), "nodev=1": Expectation(.refusal), "private=1": Expectation(.refusal),
        "sync=1": Expectation(.refusal), "idmap=uids=0-1000-10": Expectation(.refusal), "ridmap=": Expectation(.refusal),
        "x-systemd.requires=a.service": Expectation(.taken), "x-anything": Expectation(.taken), "comment=b": Expectation(.taken),
        "mode=700": Expectation(tmpfs: .superFlag("mode=700"), bind: .warning),
        "no-such-option": Expectation(tmpfs: .refusal, bind: .warning),
        "no-such=1": Expectation(tmpfs: .refusal, bind: .warning), "X-mount.mkdir": Expectation(tmpfs: .refusal, bind: .warning),
    ]

    private static func expectation(_ option: String) -> Expectation? {
        if let found = attributes[option] ?? others[option] ?? withValues[option] { return found }
        guard option.hasPrefix("r"), var found = attributes[String(option.dropFirst())] else { return nil }
        found.after = found.after.map { "r" + $0 }
        return found
    }

    /// All options that `features` names, so that the tests leave out no new one.
    private static func names() throws -> [String] {
        let features = try JSONParser.parse(try Sandbox.current.runtime("features").output)
        return features.mountOptions.elements.compactMap(\.text)
    }

    private func check(_ option: String, _ outcome: Outcome, after: String?, type: String) throws {
        let bundle = try Bundle { $0.runs(arguments: ["cat", "/proc/self/mountinfo"]) }
        let options = (type == "bind" ? ["rbind"] : []) + (after.map { [$0] } ?? []) + [option]
        if type == "bind" {
            let source = bundle.path + "/source"
            try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", data: "size=64k")
            try bundle.sandbox.mount("none", on: source, flags: Int(MS_SHARED))
            bundle.config.mounts.append(.mount("/mnt", source: source, options))
        } else {
            bundle.config.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", options))
        }
        let (finished, log) = try bundle.runLogged()
        let warnings = log.replacing("\\\"", with: "\"")
        let what = "\(option) on \(type): \(finished)"
        if case .refusal = outcome {
            #expect(finished.ending == .exited(1), "\(what)")
            let name = option.split(separator: "=").first.map(String.init) ?? option
            #expect(finished.errors.contains(name) || finished.errors.contains("an id-mapped mount needs"), "\(what)")
            return
        }
        #expect(finished.succeeded, "\(what)")
        let mount = try #require(Mount.table(finished.output).last { $0.path == "/mnt" }, "\(what)")
        if case .warning = outcome {
            #expect(warnings.contains("\"\(option)\" means nothing on a bind mount"), "\(what)")
            #expect(!mount.superOptions.contains(option), "\(what)")
            return
        }
        #expect(warnings.isEmpty || after != nil, "\(what)")
        check(mount, outcome, what)
    }

    private func check(_ mount: Mount, _ outcome: Outcome, _ what: String) {
        switch outcome {
        case .flag(let name): #expect(mount.options.contains(name), "\(what)")
        case .noFlag(let name): #expect(!mount.options.contains(name), "\(what)")
        case .accessTime(let name):
            let seen = mount.options.intersection(["noatime", "relatime"])
            #expect(seen == (name == "strictatime" ? [] : [name]), "\(what)")
        case .superFlag(let name): #expect(mount.superOptions.contains(name), "\(what)")
        case .noSuperFlag(let name): #expect(!mount.superOptions.contains(name), "\(what)")
        case .propagation(let kinds): #expect(mount.propagation.map { String($0.prefix { $0 != ":" }) } == kinds, "\(what)")
        case .taken: #expect(mount.options.isSuperset(of: ["rw", "relatime"]), "\(what)")
        case .warning, .refusal: break
        }
    }

    @Test(arguments: ["tmpfs", "bind"]) func noneIsPassedOverInSilence(type: String) throws {
        // These options decide which kind of mount it is.
        let kinds: Set = ["bind", "rbind", "remount"]
        let names = try Self.names()
        #expect(Set(names).isSuperset(of: Set(Self.attributes.keys).union(Self.others.keys)))
        for option in names + Self.withValues.keys.sorted() where !kinds.contains(option) {
            guard let expectation = Self.expectation(option) else {
                Issue.record("nothing is expected of \(option)")
                continue
            }
            try check(option, type == "bind" ? expectation.bind : expectation.tmpfs, after: expectation.after, type: type)
        }
    }

    @Test(arguments: ["norelatime", "rnorelatime"]) func withoutRelatimeTheSourcesAccessTimesStay(option: String) throws {
        let bundle = try Bundle { $0.runs(arguments: ["cat", "/proc/self/mountinfo"]) }
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", flags: Int(MS_STRICTATIME), data: "size=64k")
        for options in [[option], ["relatime", option].map { option.hasPrefix("r") && $0 == "relatime" ? "rrelatime" : $0 }] {
            bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind"] + options))
            let mount = try #require(Mount.table(try bundle.output()).last { $0.path == "/mnt" })
            #expect(mount.options.isDisjoint(with: ["relatime", "noatime"]), "\(mount.options)")
        }
    }

    // The file system of a bind mount belongs to the host.
    @Test func remountOfABindMountLeavesTheFileSystem() throws {
        let bundle = try Bundle { $0.runs(arguments: ["cat", "/proc/self/mountinfo"]) }
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", data: "size=64k")
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind"]))
        bundle.config.mounts.append(.mount("/mnt", source: source, ["remount", "bind", "nosuid", "sync", "size=128k"]))
        let (finished, log) = try bundle.runLogged()
        let warnings = log.replacing("\\\"", with: "\"")
        let mount = try #require(Mount.table(finished.output).last { $0.path == "/mnt" }, "\(finished)")
        #expect(mount.options.contains("nosuid"))
        #expect(!mount.superOptions.contains("sync") && mount.superOptions.contains("size=64k"), "\(mount.superOptions)")
        for option in ["sync", "size=128k"] {
            #expect(warnings.contains("\"\(option)\" means nothing when a bind mount is remounted"), "\(finished)")
        }
    }

    @Test func optionsOfCgroupMountsReachAllOfThem() throws {
        let bundle = try Bundle {
            $0.runs(arguments: ["cat", "/proc/self/mountinfo"])
            $0.mounts.append(
                .mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["rro", "rnosuid", "sync", "favordynmods"]))
        }
        let (finished, log) = try bundle.runLogged()
        let warnings = log.replacing("\\\"", with: "\"")
        let mounts = Mount.table(finished.output).filter { $0.path.hasPrefix("/sys/fs/cgroup") }
        #expect(!mounts.isEmpty, "\(finished)")
        for mount in mounts { #expect(mount.options.isSuperset(of: ["ro", "nosuid"]), "\(mount.path): \(mount.options)") }
        for option in ["sync", "favordynmods"] {
            #expect(warnings.contains("\"\(option)\" means nothing on a mount of cgroups"), "\(finished)")
        }
    }

    // A container with a user namespace but no network namespace can't mount a sysfs, so it gets the host's.
    @Test func optionThatWouldChangeTheHostsSysfsIsRefused() throws {
        let message = try refusal {
            $0.mapUsers()
            $0.drop(namespace: "network")
            $0.drop(mount: "/sys")
            $0.mounts.append(.mount("/sys", type: "sysfs", source: "sysfs", ["ro", "sync"]))
        }
        #expect(message.points(to: "/mounts/4"))
        #expect(message.says("\"sync\" would change the host's /sys"))
    }

    // MARK: The kernel's words

    /// The kernel's reason is in the message, which engines show, not in the hint.
    @Test(arguments: [
        ("tmpfs", ["no-such-option"], "Unknown parameter 'no-such-option'"), ("tmpfs", ["size=x"], "Bad value for 'size'"),
        ("proc", ["hidepid=9"], "hidepid"), ("mqueue", ["no-such-option"], "Unknown parameter 'no-such-option'"),
    ])
    func messageHasTheKernelsWords(type: String, options: [String], words: String) throws {
        let bundle = try Bundle {
            $0.mounts.append(.mount("/mnt", type: type, source: type, options))
        }
        let log = bundle.path + "/log"
        let finished = try bundle.command("create", global: ["--log", log, "--log-format", "json"]).run()
        let entry = try JSONParser.parse(read(log))
        let message = try #require(entry.msg.text, "\(finished)")
        #expect(message.says(words))
        #expect(message.points(to: "/mounts/5"))
        #expect(!message.contains("\n"))
        #expect(entry.hint.text?.contains(words) != true)
    }

    // The kernel checks the source only when it makes the file system.
    @Test(.enabled(if: read("/proc/filesystems").contains("ext4"), "this kernel has no ext4"))
    func messageOfAFileSystemThatCannotBeMadeHasTheKernelsWords() throws {
        let message = try refusal { $0.mounts.append(.mount("/mnt", type: "ext4", source: "/no/such/device")) }
        #expect(message.says("the file system \"ext4\" can't be mounted: /no/such/device: Can't "))
        #expect(message.points(to: "/mounts/5"))
    }

    @Test func messageOfARemountHasTheKernelsWords() throws {
        let message = try refusal {
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["size=64k"]))
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["remount", "size=x"]))
        }
        #expect(message.points(to: "/mounts/6"))
        #expect(message.says("Bad value for 'size'"))
        // A valid option that the kernel refuses only when it takes effect: a limit where there was none.
        let late = try refusal {
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["nr_inodes=0"]))
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["remount", "nr_inodes=100"]))
        }
        #expect(late.points(to: "/mounts/6"))
        #expect(late.says("the file system can't be remounted: tmpfs: "))
    }
}
