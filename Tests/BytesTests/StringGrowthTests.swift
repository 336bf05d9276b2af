import Bytes
import Testing

@Suite struct StringGrowthTests {
    @Test func putsTextsTogetherAsTheStandardLibraryDoes() {
        let (name, count, character) = ("größer", -12, Character("x"))
        var text = "a \(name) of \(count) and '\(character)'"
        #expect(text == ["a ", name, " of ", count.description, " and 'x'"].joined())
        text += ", more"
        #expect(text.hasSuffix("', more"))
    }
}
