import Testing

@testable import OCI

@Suite struct UnknownPropertyTests {
    private func unknown(_ members: String) throws -> [String] { try Config(parsing: config(members)).unknownProperties }

    @Test(arguments: [
        (#""proces": {}"#, "/proces (did you mean process?)"),
        (#""linux": {"rootPropagation": "slave"}"#, "/linux/rootPropagation (did you mean rootfsPropagation?)"),
        (#""linux": {"Seccomp": {}}"#, "/linux/Seccomp (did you mean seccomp?)"), (#""linux": {"quux": {}}"#, "/linux/quux"),
        (#""com.example/x~y": 1"#, "/com.example~1x~0y"),
        (#""mounts": [{"destination": "/a"}, {"destination": "/b", "option": []}]"#, "/mounts/1/option (did you mean options?)"),
        (#""hooks": {"preStart": []}"#, "/hooks/preStart (did you mean prestart?)"),
        (#""linux": {"resources": {"memory": {"limits": 1}}}"#, "/linux/resources/memory/limits (did you mean limit?)"),
        (#""linux": {"resources": {"pids": {"max": 1}}}"#, "/linux/resources/pids/max"),
        (#""linux": {"devices": [{"type": "p", "path": "/x", "major": 1, "mode": 1}]}"#, "/linux/devices/0/mode"),
    ])
    func namesThemWithTheNearestKnownName(_ members: String, _ note: String) throws {
        #expect(try unknown(members) == [note])
    }

    @Test func namesThemAll() throws {
        #expect(
            try unknown(#""a": 1, "linux": {"b": {"c": 1}, "namespaces": [{"type": "pid", "d": 1}]}, "e": []"#)
                == ["/linux/namespaces/0/d", "/linux/b", "/a", "/e"])
    }

    @Test func knowsThePropertiesOfOtherSystems() throws {
        #expect(
            try unknown(
                #""solaris": {"x": 1}, "windows": {}, "vm": {}, "zos": {}, "freebsd": {}, "process": {"cwd": "/", "args": ["a"], "commandLine": "x", "user": {"uid": 0, "gid": 0, "username": "x"}}"#
            ) == [])
    }

    @Test func leavesKeysOfTheUsersChoiceAlone() throws {
        #expect(
            try unknown(#""annotations": {"x": "y"}, "linux": {"sysctl": {"a.b": "c"}, "resources": {"unified": {"x.y": "z"}}}"#)
                == [])
    }

    @Test func countsNotBeyondAFew() throws {
        let members = (0..<100_000).map { "\"linxu\($0)\": 0" }.joined(separator: ",")
        #expect(try unknown(members).count == 64)
    }
}
