import Bytes
import OCI
import Testing

@testable import Lifecycle

@Suite("plan of a resctrl group")
struct ResctrlPlanTests {
    private func plan(_ rdt: String) throws -> ResctrlPlan {
        let text = #"{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "linux": {"intelRdt": \#(rdt)}}"#
        return ResctrlPlan(try #require(try Config(parsing: Array(text.utf8)).linux.intelRdt), id: "c1")
    }

    @Test func linesAreInTheOrderOfTheSpecification() throws {
        let plan = try plan(#"{"schemata": ["L2:0=f", "MB:0=9"], "memBwSchema": "MB:0=7", "l3CacheSchema": "L3:0=f"}"#)
        #expect(plan.schemata.map { $0.line } == ["L3:0=f", "MB:0=7", "L2:0=f", "MB:0=9"])
        #expect(
            plan.schemata.map { $0.pointer } == [
                "/linux/intelRdt/l3CacheSchema", "/linux/intelRdt/memBwSchema", "/linux/intelRdt/schemata/0",
                "/linux/intelRdt/schemata/1",
            ])
    }

    @Test func groupHasTheContainersNameUnlessTheConfigNamesOne() throws {
        #expect(try plan("{}").group == "c1" && plan("{}").isOwn)
        #expect(try plan(#"{"closID": "gold"}"#).group == "gold" && !plan(#"{"closID": "gold"}"#).isOwn)
        #expect(try plan(#"{"closID": "/"}"#).group == "/")
    }

    @Test func monitoringGroupHasTheContainersName() throws {
        #expect(try plan(#"{"closID": "gold", "enableMonitoring": true}"#).monitoring == "c1")
        #expect(try plan(#"{"closID": "gold"}"#).monitoring == nil)
    }
}
