import Bytes
import OCI
import Testing

@testable import Cgroups

/// Which devices a process in a cgroup can really open under the rules.
@Suite(.enabled(if: LiveHost.hasV1 && LiveHost.hasV2, Comment(rawValue: LiveHost.reason)), .serialized)
struct LiveDeviceTests {
    /// Tries /dev/full (1:7), which all containers have, and /dev/kmsg (1:11), which none has by default. Returns 1 for
    /// /dev/full, plus 2 for reading and 4 for writing /dev/kmsg.
    private func outcome(_ rules: String, on version: Hierarchy.Version) throws -> Int32? {
        let live = try LiveCgroup(LiveHost.only(version), LiveHost.path())
        try live.cgroup.apply(
            ResourcePlan(Resources("{\"devices\":[" + rules + "]}"), locations: live.cgroup.controllers()))
        let tries: ByteString = """
            exec 2>/dev/null; n=0; true </dev/full && n=$((n+1)); true </dev/kmsg && n=$((n+2)); true 1<>/dev/kmsg && n=$((n+4)); exit $n
            """
        return try live.exitStatus(of: tries)
    }

    @Test(arguments: [Hierarchy.Version.v1, .v2])
    func deniesWhatIsNotListed(version: Hierarchy.Version) throws {
        #expect(try outcome("", on: version) == 1)
        #expect(try outcome(#"{"allow":false,"access":"rwm"}"#, on: version) == 1)
    }

    @Test(arguments: [Hierarchy.Version.v1, .v2])
    func allowsTheAccessThatIsListedAlone(version: Hierarchy.Version) throws {
        #expect(try outcome(#"{"allow":true,"type":"c","major":1,"minor":11,"access":"r"}"#, on: version) == 3)
        #expect(try outcome(#"{"allow":true,"type":"c","major":1,"minor":11,"access":"rw"}"#, on: version) == 7)
    }

    // /dev/full is a device that every container has.
    @Test(arguments: [Hierarchy.Version.v1, .v2])
    func deniesWhatARuleDeniesByItsNumber(version: Hierarchy.Version) throws {
        let denied = #"{"allow":false,"type":"c","major":1,"minor":7,"access":"rwm"}"#
        #expect(try outcome(denied, on: version) == 0)
        #expect(try outcome(denied + #",{"allow":false,"access":"rwm"}"#, on: version) == 0)
        #expect(try outcome(#"{"allow":true,"access":"rwm"},"# + denied, on: version) == 6)
    }

    @Test(arguments: [Hierarchy.Version.v1, .v2])
    func allowsAllWhereThatIsAsked(version: Hierarchy.Version) throws {
        #expect(try outcome(#"{"allow":true,"access":"rwm"}"#, on: version) == 7)
        let but = #"{"allow":true,"access":"rwm"},{"allow":false,"type":"c","major":1,"minor":11,"access":"w"}"#
        #expect(try outcome(but, on: version) == 3)
    }
}
