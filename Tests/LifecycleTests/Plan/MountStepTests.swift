import Bytes
import Errors
import Linux
import Testing

@testable import Lifecycle

@Suite struct MountStepTests {
    private static let mapping = #"{"containerID":0,"hostID":1000,"size":1}"#

    private func planned(_ mount: String) throws -> (step: MountStep, warnings: [String]) {
        let mount = try config(#""mounts":[\#(mount)]"#).mounts[0]
        var warnings: [String] = []
        let step = try MountStep(
            mount, index: 3, bundle: "/bundle", container: IDMappings(uids: [], gids: []), warnings: &warnings)
        return (step, warnings)
    }

    private func planned(type: String, _ options: [String]) throws -> (step: MountStep, warnings: [String]) {
        let list = options.map { "\"" + $0 + "\"" }.joined(separator: ",")
        return try planned(#"{"destination":"/mnt","type":"\#(type)","source":"/src","options":[\#(list)]}"#)
    }

    private func step(_ mount: String) throws -> MountStep { try planned(mount).step }

    private func step(type: String, _ options: [String]) throws -> MountStep { try planned(type: type, options).step }

    @Test func laterOptionTakesBackAnEarlierOne() throws {
        #expect(try step(type: "tmpfs", ["ro", "nosuid", "rw"]).attributes.set == [.noSetUserID])
        #expect(try step(type: "tmpfs", ["rw", "ro"]).attributes.set == [.readOnly])
        #expect(try step(type: "tmpfs", ["noatime", "strictatime"]).attributes.set == [.strictAccessTime])
    }

    @Test func recursiveOptionsAreKeptApart() throws {
        let step = try step(type: "bind", ["rbind", "ro", "rnosuid", "ro=recursive"])
        #expect(step.attributes.set == [.readOnly])
        #expect(step.recursiveAttributes.set == [.readOnly, .noSetUserID])
        #expect(step.allAttributes.set == [.readOnly, .noSetUserID])
    }

    @Test(
        arguments: [
            ("bind", [], true), ("rbind", [], true), ("bind", ["bind"], false), ("none", ["bind"], false),
            ("none", ["rbind"], true),
            ("none", ["bind", "rbind"], true), ("none", ["rbind", "bind"], true),
        ] as [(String, [String], Bool)])
    func bindMountIsRecursiveAsItsOptionsSay(type: String, options: [String], isRecursive: Bool) throws {
        guard case .bind(let source, let recursive) = try step(type: type, options).kind else {
            Issue.record("no bind mount")
            return
        }
        #expect(source == "/src")
        #expect(recursive == isRecursive)
    }

    @Test func relativeSourceIsInTheBundle() throws {
        guard case .bind(let source, _) = try step(#"{"destination":"/mnt","type":"bind","source":"data"}"#).kind else {
            Issue.record("no bind mount")
            return
        }
        #expect(source == "/bundle/data")
    }

    @Test func fileSystemGetsItsOwnOptions() throws {
        let (step, warnings) = try planned(type: "tmpfs", ["size=64k", "mode=755", "huge", "nodev", "x-initrd", "nofail"])
        #expect(step.data.map { $0.key } == ["size", "mode"])
        #expect(step.data.map { $0.value } == ["64k", "755"])
        #expect(step.flags == ["huge"])
        #expect(step.hasMode && !step.keepsModeOfMountPoint)
        #expect(warnings.isEmpty)
    }

    // In one text with the other options, as mount(2) takes them, the commas of a label need quotes.
    @Test(arguments: ["context", "fscontext", "defcontext", "rootcontext"]) func labelLosesItsQuotes(key: String) throws {
        let label = "system_u:object_r:container_file_t:s0:c1,c2"
        for option in [key + "=" + label, key + #"=\""# + label + #"\""#] {
            #expect(try step(type: "tmpfs", [option]).data.map { $0.value.displayText } == [label])
        }
        #expect(try step(type: "tmpfs", [#"size=\"1\""#]).data.map { $0.value } == [#""1""#])
    }

    @Test func optionOfAFileSystemIsWarnedOfOnABindMount() throws {
        let (step, warnings) = try planned(type: "bind", ["bind", "size=64k", "sync"])
        #expect(step.data.isEmpty && step.flags.isEmpty)
        #expect(
            warnings == [
                "/mounts/3/options: \"sync\" means nothing on a bind mount",
                "/mounts/3/options: \"size=64k\" means nothing on a bind mount",
            ])
    }

    @Test(arguments: [("cgroup", false), ("cgroup2", true)]) func cgroupMountIsNoFileSystem(
        type: String, isUnified: Bool
    )
        throws
    {
        guard case .cgroup(let onlyUnified) = try step(type: type, []).kind else {
            Issue.record("no mount of cgroups")
            return
        }
        #expect(onlyUnified == isUnified)
    }

    @Test(arguments: [
        (#"{"destination":"/","type":"tmpfs"}"#, "/mounts/3/destination", "a mount on / would hide the root file system"),
        (#"{"destination":"/a/..","type":"tmpfs"}"#, "/mounts/3/destination", "a mount on / would hide the root file system"),
        (#"{"destination":"/mnt"}"#, "/mounts/3", "neither a type nor the option bind"),
        (#"{"destination":"/mnt","type":"bind"}"#, "/mounts/3/source", "a bind mount needs a source"),
        (
            #"{"destination":"/mnt","type":"tmpfs","options":["ro=yes"]}"#, "/mounts/3/options",
            "the option \"ro=yes\" has a value that it doesn't take"
        ),
        (
            #"{"destination":"/mnt","type":"proc","options":["tmpcopyup"]}"#, "/mounts/3/options",
            "tmpcopyup is for mounts of type tmpfs"
        ),
        (
            #"{"destination":"/proc/self","type":"tmpfs"}"#, "/mounts/3/destination",
            "/proc/self is inside /proc: nothing may be mounted there"
        ),
        (#"{"destination":"/proc","type":"tmpfs"}"#, "/mounts/3/type", "only a proc file system may be mounted on /proc"),
        (
            #"{"destination":"/mnt","type":"cgroup","uidMappings":[\#(Self.mapping)],"gidMappings":[\#(Self.mapping)]}"#,
            "/mounts/3/uidMappings",
            "cgroups and mounts that exist already can't have an id mapping"
        ),
    ])
    func whatCannotBeMountedIsRefused(mount: String, pointer: String, sentence: String) throws {
        let error = try #require(throws: RuntimeError.self) { try step(mount) }
        #expect(error.pointer == pointer)
        #expect(error.sentence == sentence)
    }

    @Test(arguments: ["/proc/meminfo", "/proc/sys/kernel/ns_last_pid", "/procfs", "/sys/fs"])
    func someFilesOfProcMayBeReplaced(destination: String) throws {
        let destination = ByteString(destination)
        #expect(try step(#"{"destination":"\#(destination.displayText)","type":"tmpfs"}"#).destination == destination)
    }
}
