import Bytes
import Cgroups
import Errors
import OCI
import Resctrl
import Testing

@testable import Lifecycle

@Suite struct ContainerRecordTests {
    private let record: ContainerRecord
    private let process = MadeProcess(pid: 4711, startTime: 123_456, identity: 99, boot: "3f1a")
    private let cgroup = CgroupRecord(
        path: "a/b",
        groups: [
            CgroupRecord.Group(mountPoint: "/sys/fs/cgroup", subsystems: "", existing: 1),
            CgroupRecord.Group(mountPoint: "/mnt/two  words", subsystems: "name=x", existing: 12),
        ])
    private let resctrl = ResctrlRecord(path: "/sys/fs/resctrl", group: "web", isMade: true, monitoring: "web")

    init() throws {
        // As version 0.1.0 wrote it, without a checksum and without the list of made things.
        let text =
            #"{"version":1,"stage":"created","ociVersion":"1.3.0","id":"web","bundle":"/b","rootfs":"/b/rootfs","#
            + #""created":"2026-01-01T00:00:00Z","owner":1000,"pid":0,"startTime":0,"identity":0,"ownPIDNamespace":true,"#
            + #""ownKeyring":false,"annotations":{"k\"":"v\n"}}"#
        var record = try ContainerRecord(decoding: Array(text.utf8), id: "web")
        record.hasRestoredTimeNamespace = true
        record.program = "/bin/sh"
        record.exit = .killed(signal: 9)
        record.streams = ["pipe:[1]", "", "file[a:b]"]
        record.made.add(.process(process))
        record.made.add(.unit(MadeUnit(name: "runc-web.scope", owner: .user, description: "container web")))
        record.made.add(.cgroup(cgroup))
        record.made.add(.resctrl(resctrl))
        record.made.add(.mounts)
        record.made.add(.hooks)
        self.record = record
    }

    @Test func survivesItsEncoding() throws {
        let decoded = try ContainerRecord(decoding: record.encoded(), id: "web")
        #expect(decoded.stage == .created)
        #expect(decoded.ociVersion == record.ociVersion)
        #expect(decoded.bundle == record.bundle)
        #expect(decoded.rootfs == record.rootfs)
        #expect(decoded.created == record.created)
        #expect(decoded.owner == 1000)
        #expect(decoded.annotations.map { $0.value } == ["v\n"])
        #expect(decoded.hasOwnPIDNamespace && !decoded.hasOwnKeyring && decoded.hasRestoredTimeNamespace)
        #expect(decoded.streams == record.streams)
        #expect(decoded.program == "/bin/sh")
        #expect(decoded.exit == .killed(signal: 9))
        #expect(decoded.pid == 4711)
        #expect(decoded.made.process?.startTime == 123_456)
        #expect(decoded.made.process?.identity == 99)
        #expect(decoded.made.process?.boot == "3f1a")
        #expect(decoded.cgroup?.groups.map { $0.mountPoint } == ["/sys/fs/cgroup", "/mnt/two  words"])
        #expect(decoded.cgroup?.groups.map { $0.subsystems } == ["", "name=x"])
        #expect(decoded.cgroup?.groups.map { $0.existing } == [1, 12])
        #expect(decoded.cgroup == cgroup && decoded.made.resctrl == resctrl)
        #expect(decoded.made.unit?.name == "runc-web.scope" && decoded.made.unit?.owner == .user)
        #expect(decoded.encoded() == record.encoded())
    }

    // Version 0.1.0 wrote it: with a checksum of single bytes, and an object for each of a cgroup's directories.
    @Test func versionTwoIsRead() throws {
        let text = try #require(String(validating: record.encoded(), as: UTF8.self))
        let members = try #require(text.firstRange(of: ",\"checksum\"")).lowerBound
        let bytes = Array(
            text[..<members].replacing(#""version":3"#, with: #""version":2"#).replacing(#","boot":"3f1a""#, with: "")
                .replacing(
                    #""1  /sys/fs/cgroup//12 name=x /mnt/two  words""#,
                    with: #"[{"mountPoint":"/sys/fs/cgroup","subsystems":"","existing":1},"#
                        + #"{"mountPoint":"/mnt/two  words","subsystems":"name=x","existing":12}]"#
                ).utf8)
        let decoded = try ContainerRecord(decoding: bytes + RecordChecksum.member(for: bytes[...], isOld: true), id: "web")
        #expect(decoded.cgroup == cgroup)
        #expect(decoded.made.process?.identity == 99 && decoded.made.process?.boot == nil)
        #expect(throws: RuntimeError.self) {
            try ContainerRecord(decoding: bytes + RecordChecksum.member(for: bytes[...]), id: "web")
        }
    }

    @Test func anyByteThatChangedIsDamage() {
        let bytes = record.encoded()
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            let error = #expect(throws: RuntimeError.self) { try ContainerRecord(decoding: changed, id: "web") }
            #expect(error?.code == .corruptState, "byte \(place)")
        }
    }

    @Test func partOfARecordIsDamage() {
        let bytes = record.encoded()
        for count in 0..<bytes.count {
            #expect(throws: RuntimeError.self) { try ContainerRecord(decoding: Array(bytes[..<count]), id: "web") }
        }
    }

    @Test func recordOfAnotherContainerIsDamage() {
        #expect(throws: RuntimeError.self) { try ContainerRecord(decoding: record.encoded(), id: "other") }
    }

    // With a right checksum: only the type is wrong. A list that counted as empty would let `delete` forget what runs.
    @Test(arguments: [
        (#""made":[{"#, #""made":null,"x":[{"#), (#""made":[{"#, #""made":1,"x":[{"#), (#""made":[{"#, #""made":{},"x":[{"#),
        (#""groups":"1"#, #""groups":"all"#), (#""groups":""#, #""groups":1,"x":""#), (#""groups":""#, #""groups":{},"x":""#),
        ("1  /sys/fs/cgroup", "1  cgroup"), ("1  /sys/fs/cgroup", "1 /sys/fs/cgroup"), ("1  /sys/fs/cgroup", "1  "),
        ("1  /sys/fs/cgroup", "-1  /sys/fs/cgroup"), ("1  /sys/fs/cgroup", "one  /sys/fs/cgroup"),
        ("12 name=x /mnt", "12 name=x mnt"), ("12 name=x /mnt", "12 name=x"), ("//12 ", "// "),
        (#""streams":["#, #""streams":"none","x":["#),
        (#""streams":["#, #""streams":[1,"#),
        (#""annotations":{"#, #""annotations":[],"x":{"#), (#""restoredTimeNamespace":true"#, #""restoredTimeNamespace":1"#),
        (#""user":true"#, #""user":"yes""#), (#""stage":"created""#, #""stage":"done""#),
    ]) func memberOfAnotherTypeIsDamage(part: String, changed: String) throws {
        let text = try #require(String(validating: record.encoded(), as: UTF8.self))
        let members = try #require(text.firstRange(of: ",\"checksum\"")).lowerBound
        let bytes = Array(text[..<members].replacing(part, with: changed).utf8)
        #expect(bytes != Array(text[..<members].utf8))
        let error = #expect(throws: RuntimeError.self) {
            try ContainerRecord(decoding: bytes + RecordChecksum.member(for: bytes[...]), id: "web")
        }
        #expect(error?.code == .corruptState)
    }

    // MARK: What was made

    private func kinds(_ made: [MadeThing]) -> [String] {
        made.map { thing in
            switch thing {
            case .hooks: "hooks"
            case .mounts: "mounts"
            case .resctrl: "resctrl"
            case .cgroup: "cgroup"
            case .unit: "unit"
            case .process: "process"
            }
        }
    }

    /// The list is undone from its end: the process first, then its cgroup. The hooks run when everything else is gone.
    @Test func whatWasMadeIsInTheOrderOfUndoing() {
        #expect(kinds(record.made) == ["hooks", "mounts", "resctrl", "cgroup", "unit", "process"])
    }

    @Test func laterThingTakesThePlaceOfTheFormerOfItsKind() {
        var made = record.made
        made.add(.process(MadeProcess(pid: 5, startTime: 1, identity: 0)))
        #expect(kinds(made) == ["hooks", "mounts", "resctrl", "cgroup", "unit", "process"])
        #expect(made.process?.pid == 5)
        made.remove(.cgroup(cgroup))
        #expect(made.cgroup == nil)
        #expect(kinds(made) == ["hooks", "mounts", "resctrl", "unit", "process"])
    }
}
