import OCI
import Testing

@testable import Lifecycle

@Suite("id mappings in an option")
struct IDMapOptionTests {
    private let container = IDMappings(
        uids: [IDMapping(containerID: 0, hostID: 1, size: 1), IDMapping(containerID: 1, hostID: 2000, size: 1000)],
        gids: [IDMapping(containerID: 0, hostID: 5000, size: 100)])

    private func words(_ mappings: [IDMapping]?) -> [[UInt32]]? { mappings?.map { [$0.containerID, $0.hostID, $0.size] } }

    @Test func tripletsAreIdsOfTheFileSystemOfTheHostAndTheirNumber() {
        let option = IDMapOption("uids=0-1-10#10-11-5;gids=0-100-10", in: container)
        #expect(words(option?.uids) == [[0, 1, 10], [10, 11, 5]] && words(option?.gids) == [[0, 100, 10]])
    }

    @Test func idAfterAnAtSignIsTheContainers() {
        let option = IDMapOption("uids=@1-3-10#0-7-1;gids=@0-9-1", in: container)
        #expect(words(option?.uids) == [[1, 2002, 10], [0, 7, 1]] && words(option?.gids) == [[0, 5009, 1]])
        let none = IDMapOption("uids=@1-3-10;gids=@0-9-1", in: IDMappings(uids: [], gids: []))
        #expect(words(none?.uids) == [[1, 3, 10]] && words(none?.gids) == [[0, 9, 1]])
    }

    @Test(arguments: [
        "", "uids", "uids=", "uids=0-1-10", "gids=0-1-10", "uids=0-1;gids=0-1-1", "uids=0-1-0;gids=0-1-1",
        "uids=0-1-1;gids=a-1-1",
        "uids=0-1-1;gids=0-1-1;uids=0-1-1", "uids=0-1-1;gids=0-1-1;pids=0-1-1", "uids=@0-5000-1;gids=0-0-1",
        "uids=0-4294967296-1;gids=0-0-1",
    ])
    func otherTextIsRefused(text: String) {
        #expect(IDMapOption(.init(text), in: container) == nil)
    }
}
