import Bytes
import Testing

@Suite struct SortedSetTests {
    @Test func holdsEachElementOnce() {
        var set = SortedSet<ByteString>(["b", "c"])
        let inserted = ["a", "b", "d", "a"].map { set.insert(ByteString($0)) }
        #expect(inserted == [true, false, true, false])
        for name in ["a", "b", "c", "d"] { #expect(set.contains(ByteString(name))) }
        for name in ["", "aa", "e"] { #expect(!set.contains(ByteString(name))) }
    }

    @Test func findsWhatCameInAnyOrder() {
        var set = SortedSet<Int32>([9, -3, 7])
        for number in [5, 100, -7, 0] as [Int32] { set.insert(number) }
        #expect((-10...110).filter { set.contains($0) } == [-7, -3, 0, 5, 7, 9, 100])
    }

    @Test func mapsNumbersToValues() {
        var map = SortedMap<String>()
        #expect(map.isEmpty && map[0] == nil)
        for number in [7, 2, 9] { map[number] = "value \(number)" }
        #expect(map.values == ["value 2", "value 7", "value 9"])
        map[7] = "another"
        #expect(map[7] == "another" && map[8] == nil && map[1] == nil && map[10] == nil)
        map[2] = nil
        #expect(map.values == ["another", "value 9"])
        #expect(map.removeValue(forKey: 9) == "value 9" && map.removeValue(forKey: 9) == nil)
        #expect(map.values == ["another"] && !map.isEmpty)
    }
}
