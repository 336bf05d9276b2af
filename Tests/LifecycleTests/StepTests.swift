import Foundation
import Testing

@testable import Lifecycle

@Suite struct StepTests {
    private let names = Step.allCases.map { $0.name.description }

    /// `step` is a field of the log that engines and people read.
    @Test func documentListsEveryStep() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/errors.md"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## Steps\n").last)
        let listed = section.split(separator: "\n").filter { $0.hasPrefix("- `") }.map { String($0.dropFirst(3).dropLast()) }
        #expect(Set(listed) == Set(names))
        #expect(listed.count == names.count)
    }

    @Test func noTwoHaveOneName() { #expect(Set(names).count == names.count) }
}
