import CHarness
import Testing

/// Which options of a bind mount reach the mount below it.
@Suite("mounts below a bind mount", .needsRoot, .sandboxed)
struct MountsBelowTests {
    /// What the container's mount table says of /mnt, a directory of the host's, and of /mnt/below, a mount below it. Both are
    /// shared on the host. With options for a remount, another entry changes /mnt.
    private func mounts(_ options: [String], remount: [String] = [], root: JSON = .null) throws -> [Mount] {
        let bundle = try Bundle {
            $0.linux.rootfsPropagation = root
            $0.runs(arguments: ["cat", "/proc/self/mountinfo"])
        }
        let source = bundle.path + "/source"
        for place in [source, source + "/below"] {
            try bundle.sandbox.mount("tmpfs", on: place, type: "tmpfs", data: "size=64k")
            try bundle.sandbox.mount("none", on: place, flags: Int(MS_SHARED))
        }
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind"] + options))
        if !remount.isEmpty { bundle.config.mounts.append(.mount("/mnt", source: source, ["remount", "bind"] + remount)) }
        let found = Mount.table(try bundle.output()).filter { $0.path.hasPrefix("/mnt") }
        #expect(found.map(\.path) == ["/mnt", "/mnt/below"])
        return found
    }

    // Without any of these options, both are slaves of the host's mounts.
    @Test(
        arguments: [("shared", ["shared", "master"]), ("private", []), ("unbindable", ["unbindable"])] as [(String, [String])])
    func propagationReachesThemInTheFormWithAnR(option: String, seen: [String]) throws {
        #expect(try mounts([option]).map(\.kinds) == [seen, ["master"]])
        #expect(try mounts(["r" + option]).map(\.kinds) == [seen, seen])
    }

    // Below a shared root, mounts stay what they are on the host.
    @Test(arguments: [("slave", ["shared"]), ("rslave", ["master"])])
    func slaveBelowASharedRootReachesThemInTheFormWithAnR(option: String, below: [String]) throws {
        #expect(try mounts([option], root: "shared").map(\.kinds) == [["master"], below])
    }

    @Test(
        arguments: [
            (["rprivate", "shared"], ["shared"]), (["shared", "rprivate"], []), (["rprivate", "unbindable"], ["unbindable"]),
        ] as [([String], [String])])
    func severalOptionsOfPropagationAreAppliedInTheirOrder(options: [String], seen: [String]) throws {
        #expect(try mounts(options).map(\.kinds) == [seen, []])
    }

    @Test(arguments: ["shared", "rshared", "private", "rprivate"]) func remountChangesThePropagation(option: String) throws {
        let seen = option.hasSuffix("shared") ? ["shared", "master"] : []
        let below = option.hasPrefix("r") ? seen : ["master"]
        #expect(try mounts([], remount: [option]).map(\.kinds) == [seen, below])
    }

    @Test(arguments: [("nosuid", false), ("rnosuid", true), ("ro", false), ("rro", true)])
    func remountReachesThemWithARecursiveOption(option: String, reaches: Bool) throws {
        let name = reaches ? String(option.dropFirst()) : option
        #expect(try mounts([], remount: [option]).map { $0.options.contains(name) } == [true, reaches])
    }
}

extension Mount {
    /// The words of `propagation` without the numbers of the groups.
    fileprivate var kinds: [String] { propagation.map { String($0.prefix { $0 != ":" }) } }
}
