import Linux
import OCI
import Testing

@testable import Lifecycle

@Suite struct CapabilityPlanTests {
    private let all = CapabilitySet(bits: .max)
    private let kill = 5
    private let chown = 0

    private func capabilities(_ members: String) throws -> Capabilities? {
        let text = #""process":{"args":["a"],"cwd":"/","user":{"uid":0,"gid":0},"capabilities":{\#(members)}}"#
        return try config(text).process?.capabilities
    }

    @Test func withoutThePropertyThereAreNone() {
        var warnings: [String] = []
        let plan = CapabilityPlan(nil, grantable: all, warnings: &warnings)
        #expect(plan.bounding.isEmpty && plan.permitted.isEmpty && plan.effective.isEmpty && plan.ambient.isEmpty)
        #expect(warnings.isEmpty)
    }

    @Test func effectiveOnesHaveToBePermitted() throws {
        var warnings: [String] = []
        let plan = CapabilityPlan(
            try capabilities(#""permitted":["CAP_KILL"],"effective":["CAP_KILL","CAP_CHOWN"]"#), grantable: all,
            warnings: &warnings)
        #expect(plan.effective == CapabilitySet(bits: 1 << UInt64(kill)))
        #expect(
            warnings == ["/process/capabilities/effective: CAP_CHOWN can't be granted: it isn't permitted; left out"])
    }

    @Test func ambientOnesHaveToBePermittedAndInheritable() throws {
        var warnings: [String] = []
        let sets = #""permitted":["CAP_KILL","CAP_CHOWN"],"inheritable":["CAP_KILL"],"ambient":["CAP_KILL","CAP_CHOWN"]"#
        let plan = CapabilityPlan(try capabilities(sets), grantable: all, warnings: &warnings)
        #expect(plan.ambient == CapabilitySet(bits: 1 << UInt64(kill)))
        #expect(warnings.count == 1)
    }

    @Test func onesThatTheRuntimeLacksAreLeftOut() throws {
        var warnings: [String] = []
        let plan = CapabilityPlan(
            try capabilities(#""bounding":["CAP_KILL","CAP_CHOWN"]"#), grantable: CapabilitySet(bits: 1 << UInt64(chown)),
            warnings: &warnings)
        #expect(plan.bounding == CapabilitySet(bits: 1 << UInt64(chown)))
        #expect(warnings == ["/process/capabilities: CAP_KILL can't be granted: the runtime hasn't got it; left out"])
    }

    @Test func unknownOnesAreWarnedOfOnce() throws {
        var warnings: [String] = []
        _ = CapabilityPlan(
            try capabilities(#""bounding":["CAP_NONE"],"permitted":["CAP_NONE"]"#), grantable: all, warnings: &warnings)
        #expect(warnings == ["/process/capabilities: \"CAP_NONE\" is no capability that is known here; left out"])
    }
}
