import Bytes
import OCI
import Testing

@Suite struct StateTests {
    private func state(_ status: ContainerState.Status, pid: Int32, annotations: [Annotation] = []) -> ContainerState {
        ContainerState(
            ociVersion: "1.3.0", id: "web", pid: pid, status: status, bundle: "/srv/\"web\"", rootfs: "/srv/web/rootfs",
            created: "2026-11-21T06:34:16.134106261Z", annotations: annotations, owner: "root")
    }

    @Test func hasTheKeysThatEnginesReadInTheirOrder() {
        let json = state(.running, pid: 28704, annotations: [Annotation(key: "a.b", value: "c")]).json(.indented(2))
        #expect(
            String(decoding: json, as: UTF8.self) == """
                {
                  "ociVersion": "1.3.0",
                  "id": "web",
                  "pid": 28704,
                  "status": "running",
                  "bundle": "/srv/\\"web\\"",
                  "rootfs": "/srv/web/rootfs",
                  "created": "2026-11-21T06:34:16.134106261Z",
                  "annotations": {
                    "a.b": "c"
                  },
                  "owner": "root"
                }
                """)
    }

    @Test func leavesAnnotationsOutWhereThereAreNone() {
        #expect(
            String(decoding: ContainerState.json([state(.stopped, pid: 0), state(.created, pid: 7)]), as: UTF8.self)
                == #"[{"ociVersion":"1.3.0","id":"web","pid":0,"status":"stopped","bundle":"/srv/\"web\"","#
                + #""rootfs":"/srv/web/rootfs","created":"2026-11-21T06:34:16.134106261Z","owner":"root"},"#
                + #"{"ociVersion":"1.3.0","id":"web","pid":7,"status":"created","bundle":"/srv/\"web\"","#
                + #""rootfs":"/srv/web/rootfs","created":"2026-11-21T06:34:16.134106261Z","owner":"root"}]"#)
    }

    @Test func listsNothingAsNull() {
        #expect(ContainerState.json([]) == Array("null".utf8))
    }

    @Test func namesEachStatusAsTheSpecificationDoes() {
        let all: [ContainerState.Status] = [.creating, .created, .running, .paused, .stopped]
        #expect(all.map { $0.name.description } == ["creating", "created", "running", "paused", "stopped"])
    }
}
