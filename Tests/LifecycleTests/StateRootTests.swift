import Bytes
import Errors
import Testing

@testable import Lifecycle

@Suite struct StateRootTests {
    private func root(isRoot: Bool, user: ByteString?, session: ByteString?, namespace: Bool) throws(RuntimeError) -> ByteString {
        try defaultStateRoot(isRoot: isRoot, user: user, session: session, isInUserNamespace: namespace)
    }

    @Test func isTheHostsForRoot() throws {
        #expect(try root(isRoot: true, user: "root", session: "/run/user/0", namespace: false) == "/run/wherry")
        #expect(try root(isRoot: true, user: nil, session: "/run/user/0", namespace: false) == "/run/wherry")
        #expect(try root(isRoot: true, user: nil, session: nil, namespace: true) == "/run/wherry")
    }

    @Test func isTheSessionsForOthers() throws {
        #expect(try root(isRoot: false, user: "ann", session: "/run/user/7", namespace: false) == "/run/user/7/wherry")
    }

    @Test func isTheSessionsForRootOfAUserNamespaceOfSomebodyElse() throws {
        #expect(try root(isRoot: true, user: "ann", session: "/run/user/7", namespace: true) == "/run/user/7/wherry")
        #expect(try root(isRoot: true, user: nil, session: "/run/user/7", namespace: true) == "/run/user/7/wherry")
        #expect(try root(isRoot: true, user: "root", session: "/run/user/7", namespace: true) == "/run/wherry")
    }

    @Test func needsASessionForOthers() {
        #expect(throws: RuntimeError.self) { try root(isRoot: false, user: "ann", session: nil, namespace: false) }
    }

    @Test(arguments: ["/", "//", "/.", "/run/..", "/../", "/run/../var/./.."]) func refusesTheTopOfTheFileSystem(_ path: String) {
        #expect { try stateRoot(chosen: ByteString(path)) } throws: {
            ($0 as? RuntimeError)?.sentence == "the state can't be kept in \"/\""
        }
    }

    @Test func isAbsolute() throws {
        #expect(try stateRoot(chosen: "/srv/x") == "/srv/x")
        let relative = try stateRoot(chosen: "x/y")
        #expect(relative.hasPrefix("/") && relative.hasSuffix("/x/y"))
    }
}
