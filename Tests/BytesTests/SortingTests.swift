import Bytes
import Testing

@Suite struct SortingTests {
    @Test func ordersByWhatPrecedes() {
        #expect([3, 1, 2].ordered() == [1, 2, 3])
        #expect([3, 1, 2].ordered(by: >) == [3, 2, 1])
        #expect([Int]().ordered() == [])
    }

    @Test func leavesEqualElementsInTheirOrder() {
        let pairs = (0..<200).map { (key: $0 % 3, place: $0) }
        let ordered = pairs.ordered { $0.key < $1.key }
        #expect(zip(ordered, ordered.dropFirst()).allSatisfy { ($0.key, $0.place) < ($1.key, $1.place) })
    }
}
