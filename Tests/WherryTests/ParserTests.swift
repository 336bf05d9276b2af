import Bytes
import Errors
import Testing

@testable import wherry

@Suite struct ParserTests {
    private static let bundle = Option("bundle", short: "b", value: .text("DIR"), "")
    private static let count = Option("preserve-fds", value: .number("N"), "")
    private static let format = Option("format", short: "f", value: .oneOf(["table", "json"]), "")
    private static let all = Option("all", short: "a", "")
    private static let noPivot = Option("no-pivot", "")
    private static let env = Option("env", short: "e", value: .text("NAME=VALUE"), "")

    private func parse(_ line: String, _ rule: Parser.OperandRule = .none) throws -> Arguments {
        let options = [
            ParserTests.bundle, ParserTests.count, ParserTests.format, ParserTests.all, ParserTests.noPivot, ParserTests.env,
        ]
        let tokens = line.split(separator: " ").map { ByteString(String($0)) }
        return try Parser(options: options, rule: rule).parse(tokens[...])
    }

    private func sentence(_ line: String) -> String? {
        do {
            _ = try parse(line)
            return nil
        } catch {
            let error = error as? RuntimeError
            return error.map { $0.sentence + ($0.hint.map { " (\($0))" } ?? "") }
        }
    }

    @Test(arguments: [
        "--bundle /b ID", "-bundle /b ID", "--bundle=/b ID", "-b /b ID", "-b=/b ID", "ID --bundle /b", "--b /b ID",
        "--bundle /a ID -b /b",
    ])
    func findsAnOptionInEveryShapeAndPlace(_ line: String) throws {
        let arguments = try parse(line)
        #expect(arguments.text(ParserTests.bundle) == "/b")
        #expect(arguments.operands == ["ID"])
    }

    @Test(arguments: [
        ("--no-pivot", true), ("-no-pivot", true), ("--no-pivot=true", true), ("--no-pivot=false", false),
        ("--no-pivot=0", false),
        ("--no-pivot --no-pivot=false", false), ("", false),
    ])
    func readsSwitches(_ line: String, _ isOn: Bool) throws {
        #expect(try parse(line).isOn(ParserTests.noPivot) == isOn)
    }

    @Test func takesAsValueWhateverFollows() throws {
        let arguments = try parse("--bundle --no-pivot ID")
        #expect(arguments.text(ParserTests.bundle) == "--no-pivot")
        #expect(!arguments.isOn(ParserTests.noPivot))
    }

    @Test func keepsEqualSignsOfTheValue() throws {
        #expect(try parse("--env=A=B=C").text(ParserTests.env) == "A=B=C")
    }

    @Test func keepsRepeatedValuesInOrder() throws {
        #expect(try parse("-e A=1 -b /b --env B=2 ID -e=A=3").texts(ParserTests.env) == ["A=1", "B=2", "A=3"])
    }

    @Test func takesAnEmptyValueForNone() throws {
        #expect(try parse("--bundle= ID").text(ParserTests.bundle) == nil)
    }

    @Test func endsOptionsAtTwoDashes() throws {
        #expect(try parse("--all -- --all -b").operands == ["--all", "-b"])
    }

    @Test func takesOneDashForAnOperand() throws {
        #expect(try parse("- --all").operands == ["-"])
    }

    @Test func leavesAnotherCommandsLineAlone() throws {
        let arguments = try parse("--all ID sh -c --bundle -- -e", .endOptions)
        #expect(arguments.operands == ["ID", "sh", "-c", "--bundle", "--", "-e"])
        #expect(arguments.isOn(ParserTests.all))
    }

    @Test func passesUnknownDashesAsOperandsWhereToldTo() throws {
        let arguments = try parse("ID -9 --all", .takeUnknownOptions)
        #expect(arguments.operands == ["ID", "-9"])
        #expect(arguments.isOn(ParserTests.all))
    }

    @Test func refusesThemBeforeTheFirstOperand() {
        #expect(throws: RuntimeError.self) { try parse("-9 ID", .takeUnknownOptions) }
    }

    @Test(arguments: [
        ("ID --bundel /b", "unknown option \"--bundel\" (did you mean --bundle?)"),
        ("--frobnicate", "unknown option \"--frobnicate\""),
        ("--bund /b", "unknown option \"--bund\" (did you mean --bundle?)"),
        ("---all", "unknown option \"---all\" (did you mean --all?)"),
        ("-ab", "unknown option \"-ab\""),
        ("--=x", "unknown option \"--=x\""),
        ("ID --bundle", "option \"--bundle\" needs a value"),
        ("--all=perhaps", "option \"--all\" takes nothing, true or false, not \"perhaps\""),
        ("-f xml", "option \"--format\" takes table or json, not \"xml\""),
        ("--format tab", "option \"--format\" takes table or json, not \"tab\""),
        ("--preserve-fds -1", "option \"--preserve-fds\" takes a number from 0 on, not \"-1\""),
        ("--preserve-fds 99999999999", "option \"--preserve-fds\" takes a number from 0 on, not \"99999999999\""),
        ("--preserve-fds 1x", "option \"--preserve-fds\" takes a number from 0 on, not \"1x\""),
        ("--preserve-fds=", "option \"--preserve-fds\" takes a number from 0 on, not \"\""),
    ])
    func saysWhatIsWrong(_ line: String, _ expected: String) {
        #expect(sentence(line) == expected)
    }

    @Test func tellsNamesApartByBytes() {
        #expect(throws: RuntimeError.self) { try parse("--a\u{301}ll") }
    }
}
