import Linux
import Testing

@testable import Lifecycle

/// The cells of the table in docs/design.md: how namespaces are made and joined.
@Suite struct NamespacePlanTests {
    @Test func oneCloneMakesAllButCgroupAndTimeNamespaces() throws {
        let plan = try namespaces("pid network mount ipc uts cgroup time")
        #expect(!plan.isStaged)
        #expect(plan.cloneFlags == [.pid, .network, .mount, .ipc, .uts])
        #expect(plan.lateFlags == [])
        #expect(!plan.hasSuccessor)
        #expect(plan.joinedByHost.isEmpty)
    }

    @Test func withoutAUserNamespaceInitJoinsWhatIsGiven() throws {
        let plan = try namespaces("mount network=/n ipc=/i")
        #expect(!plan.isStaged)
        #expect(plan.cloneFlags == [.mount])
        #expect(plan.joinedByHost.isEmpty)
        #expect(plan.joins.map { $0.path } == ["/n", "/i"])
        #expect(plan.joins.map { $0.pointer } == ["/linux/namespaces/1/path", "/linux/namespaces/2/path"])
    }

    @Test func pidNamespaceThatIsJoinedTakesASuccessor() throws {
        let plan = try namespaces("mount pid=/p")
        #expect(!plan.isStaged)
        #expect(plan.hasSuccessor)
        #expect(plan.cloneFlags == [.mount])
    }

    @Test func hostJoinsWhatANewUserNamespaceHasNoRightsOn() throws {
        let plan = try namespaces("user pid mount network=/n ipc=/i uts=/u cgroup=/c")
        #expect(!plan.isStaged)
        #expect(plan.cloneFlags == [.user, .pid, .mount])
        #expect(plan.joinedByHost.map { $0.kind } == [.network, .ipc, .uts])
        #expect(!plan.hasSuccessor)
    }

    // Otherwise the folder of the message queues would belong to the host's root, whom the container's can't act for.
    @Test func ipcNamespaceBelongsToTheRootOfTheUserNamespace() throws {
        let plan = try namespaces("user pid mount ipc")
        #expect(plan.cloneFlags == [.user, .pid, .mount])
        #expect(plan.lateFlags == [.ipc])
    }

    @Test(arguments: ["user pid=/p mount", "user time=/t mount", "user pid=/p time=/t mount"])
    func newUserNamespaceIsMadeAfterAPIDOrTimeNamespaceIsJoined(list: String) throws {
        let plan = try namespaces(list)
        #expect(plan.isStaged)
        #expect(plan.cloneFlags == [])
        #expect(plan.lateFlags == [.mount])
        #expect(plan.joinedByHost.isEmpty)
        #expect(plan.hasSuccessor == (plan.origin(of: .pid) == .joined))
    }

    @Test func userNamespaceThatIsJoinedIsEnteredBeforeTheOthersAreMade() throws {
        let plan = try namespaces("user=/u pid mount network cgroup time")
        #expect(plan.isStaged)
        #expect(plan.cloneFlags == [])
        #expect(plan.lateFlags == [.mount, .network])
        // The pid namespace is made last, by a second clone.
        #expect(plan.hasSuccessor)
        #expect(try !namespaces("user=/u mount").hasSuccessor)
    }

    @Test func namespaceThatIsNotNamedIsTheCallers() throws {
        let plan = try namespaces("mount pid=/p")
        #expect(plan.origin(of: .mount) == .new)
        #expect(plan.origin(of: .pid) == .joined)
        #expect(plan.origin(of: .network) == .inherited)
        #expect(plan.has(.pid) && !plan.has(.network))
    }
}
