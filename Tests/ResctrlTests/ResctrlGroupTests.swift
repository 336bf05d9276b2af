import Bytes
import CLinux
import Errors
import Foundation
import Linux
import OCI
import Testing

@testable import Resctrl

/// A directory that stands for a resctrl file system, since few processors have one. Unlike the kernel's, a new directory in it
/// has no files.
private final class StandIn {
    let path: String
    let fileSystem: ResctrlFileSystem

    /// Makes the directory, with these groups and their schemata.
    init(_ groups: [String: String] = [:]) throws {
        path = NSTemporaryDirectory() + "resctrl-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        try FileManager.default.createDirectory(atPath: path + "/info", withIntermediateDirectories: true)
        fileSystem = ResctrlFileSystem(
            path: ByteString(path), root: try FileDescriptor.open(ByteString(path), flags: [.path, .directory]))
        for (name, schemata) in groups.merging(["": "L3:0=fff;1=fff\nMB:0=100\n"], uniquingKeysWith: { one, _ in one }) {
            try FileManager.default.createDirectory(atPath: path + "/" + name + "/mon_groups", withIntermediateDirectories: true)
            write(schemata, name + "/schemata")
            write("", name + "/tasks")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, _ name: String) {
        try? FileManager.default.createDirectory(
            atPath: (path + "/" + name as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        FileManager.default.createFile(atPath: path + "/" + name, contents: Data(text.utf8))
    }

    func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: path + "/" + name).map { String(decoding: $0, as: UTF8.self) }
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

    func group(_ name: ByteString, monitoring: ByteString? = nil) -> ResctrlGroup {
        ResctrlGroup(name, monitoring: monitoring, in: fileSystem)
    }
}

private func lines(_ lines: ByteString...) -> [(line: ByteString, pointer: String)] {
    lines.enumerated().map { ($0.element, "/linux/intelRdt/schemata/\($0.offset)") }
}

@Suite("resctrl groups")
struct ResctrlGroupTests {
    @Test func groupIsMadeWithItsShares() throws {
        let standIn = try StandIn()
        var noted: [Bool] = []
        try standIn.group("gold").prepare(lines("L3:0=f0", "MB:0=50"), makesAlways: false) { noted.append($0) }
        #expect(standIn.read("gold/schemata") == "L3:0=f0\nMB:0=50\n")
        #expect(noted == [true])
    }

    // config-linux.md, "IntelRdt": without shares, a group that the configuration names must exist.
    @Test func groupWithoutSharesMustExist() throws {
        let standIn = try StandIn(["gold": "L3:0=f0\n"])
        var noted: [Bool] = []
        try standIn.group("gold").prepare([], makesAlways: false) { noted.append($0) }
        #expect(noted == [false] && standIn.read("gold/schemata") == "L3:0=f0\n")
        let error = #expect(throws: RuntimeError.self) {
            try standIn.group("silver").prepare([], makesAlways: false) { _ in Issue.record("it isn't going to be made") }
        }
        #expect(error?.message == "/linux/intelRdt/closID: there is no resctrl group \"silver\"")
        #expect(error?.hint == "make the group before, or give it schemata: then wherry makes it")
        #expect(!standIn.has("silver"))
    }

    @Test func containersOwnGroupIsMadeWithoutShares() throws {
        let standIn = try StandIn()
        try standIn.group("c1").prepare([], makesAlways: true) { #expect($0) }
        #expect(standIn.has("c1") && !standIn.has("c1/schemata"))
    }

    // The kernel writes numbers without leading zeros, in lower case, and pads them with spaces.
    @Test(arguments: ["L3:0=f0", "L3:0=00F0;1=7f", "L3:1=7f;0=f0", "MB:0=50"])
    func groupThatHasTheSharesServes(line: String) throws {
        let standIn = try StandIn(["gold": "    L3:0=f0;1=7f\n    MB:0= 50;1=100\n"])
        try standIn.group("gold").prepare(lines(ByteString(line)), makesAlways: false) { #expect(!$0) }
        // A write replaces lines of the kernel's file, and the beginning of a plain one.
        #expect(standIn.read("gold/schemata")?.hasPrefix(line + "\n") == true)
    }

    @Test(arguments: ["L3:0=f1", "L3:2=f0", "L2:0=f0", "MB:0=5", "nonsense"])
    func groupThatHasOtherSharesIsRefused(line: String) throws {
        let standIn = try StandIn(["gold": "L3:0=f0;1=7f\nMB:0=50\n"])
        let error = #expect(throws: RuntimeError.self) {
            try standIn.group("gold").prepare(lines("MB:0=50", ByteString(line)), makesAlways: false) { _ in }
        }
        #expect(
            error?.message
                == "/linux/intelRdt/schemata/1: the resctrl group exists with other schemata: L3:0=f0;1=7f, MB:0=50")
        #expect(error?.hint == "give the group's own schemata, leave them out, or choose another closID")
        #expect(standIn.read("gold/schemata") == "L3:0=f0;1=7f\nMB:0=50\n")
    }

    @Test func slashIsTheDefaultGroup() throws {
        let standIn = try StandIn()
        try standIn.group("/", monitoring: "c1").prepare([], makesAlways: false) { #expect(!$0) }
        #expect(standIn.has("mon_groups/c1"))
    }

    @Test func reasonOfTheKernelIsQuoted() throws {
        let standIn = try StandIn(["gold": "L3:0=f0\n"])
        standIn.write("ignored\n", "gold/mon_groups")
        try FileManager.default.removeItem(atPath: standIn.path + "/gold/mon_groups")
        standIn.write("Out of RMIDs\n", "info/last_cmd_status")
        let error = #expect(throws: RuntimeError.self) {
            try standIn.group("gold", monitoring: "c1").prepare([], makesAlways: false) { _ in }
        }
        #expect(
            error?.message
                == "/linux/intelRdt: the monitoring group can't be made (Out of RMIDs): no such file or directory")
    }

    @Test func groupThatCanNotBeSetUpIsRemovedAgain() throws {
        let standIn = try StandIn()
        // A directory without files: so there is no folder for monitoring groups in it.
        #expect(throws: RuntimeError.self) {
            try standIn.group("c1", monitoring: "c1").prepare([], makesAlways: true) { _ in }
        }
        #expect(!standIn.has("c1"))
    }

    @Test func processEntersTheGroupAndThenItsMonitoringGroup() throws {
        let standIn = try StandIn(["gold": ""])
        standIn.write("", "gold/mon_groups/c1/tasks")
        let tasks = try #require(try standIn.group("gold", monitoring: "c1").openTasks())
        #expect(tasks.descriptors.count == 2)
        try tasks.enter()
        #expect(standIn.read("gold/tasks") == "0" && standIn.read("gold/mon_groups/c1/tasks") == "0")
        #expect(try standIn.group("gone").openTasks() == nil)
    }

    @Test func onlyWhatWasMadeForTheContainerIsRemoved() throws {
        let standIn = try StandIn()
        for name in ["gold/mon_groups/c1", "c2"] {
            try FileManager.default.createDirectory(atPath: standIn.path + "/" + name, withIntermediateDirectories: true)
        }
        try standIn.group("gold", monitoring: "c1").remove(withGroup: false)
        #expect(standIn.has("gold/mon_groups") && !standIn.has("gold/mon_groups/c1"))
        try standIn.group("c2").remove(withGroup: true)
        #expect(!standIn.has("c2"))
        try standIn.group("c2", monitoring: "c2").remove(withGroup: true)
    }
}

@Suite("resctrl statistics")
struct ResctrlStatisticsTests {
    private func json(_ group: ResctrlGroup) throws -> String {
        var json = JSONWriter(.compact)
        let statistics = try ResctrlStatistics(group)
        json.object { statistics.write(to: &$0) }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func tellWhatRuncTells() throws {
        let standIn = try StandIn(["gold": "L3:0=f0\nMB:0=50\n"])
        for (name, text) in [
            "L3/cbm_mask": "fff", "L3/min_cbm_bits": "2", "L3/num_closids": "16", "MB/bandwidth_gran": "10",
            "MB/delay_linear": "1", "MB/min_bandwidth": "10", "MB/num_closids": "8",
            "L3_MON/mon_features": "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes",
        ] { standIn.write(text + "\n", "info/" + name) }
        for (domain, numbers) in ["mon_L3_00": ("1", "2", "3"), "mon_L3_01": ("4", "Unavailable", "6")] {
            let folder = "gold/mon_groups/c1/mon_data/" + domain
            standIn.write(numbers.0 + "\n", folder + "/llc_occupancy")
            standIn.write(numbers.1 + "\n", folder + "/mbm_total_bytes")
            standIn.write(numbers.2 + "\n", folder + "/mbm_local_bytes")
        }
        #expect(
            try json(standIn.group("gold", monitoring: "c1"))
                == #"{"l3_cache_info":{"cbm_mask":"fff","min_cbm_bits":2,"num_closids":16},"#
                + #""l3_cache_schema_root":"L3:0=fff;1=fff","l3_cache_schema":"L3:0=f0","#
                + #""mem_bw_info":{"bandwidth_gran":10,"delay_linear":1,"min_bandwidth":10,"num_closids":8},"#
                + #""mem_bw_schema_root":"MB:0=100","mem_bw_schema":"MB:0=50","schemata":["L3:0=f0","MB:0=50"],"#
                + #""mbm_stats":[{"mbm_total_bytes":2,"mbm_local_bytes":3},{"mbm_total_bytes":0,"mbm_local_bytes":6}],"#
                + #""cmt_stats":[{"llc_occupancy":1},{"llc_occupancy":4}]}"#)
    }

    @Test func leaveOutWhatTheKernelDoesNotOffer() throws {
        let standIn = try StandIn(["gold": "L2:0=f\n"])
        #expect(try json(standIn.group("gold")) == #"{"schemata":["L2:0=f"]}"#)
    }
}
