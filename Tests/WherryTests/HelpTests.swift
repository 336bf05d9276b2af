import Bytes
import Testing

@testable import wherry

@Suite struct HelpTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func showsACommandWhole() {
        #expect(
            text(Kill.command.help) == """
                Usage: wherry kill [OPTIONS] ID [SIGNAL]

                Sends SIGNAL to the first process of a container, or to all of them with --all.
                It's a number or a name: 9, KILL, SIGKILL, RTMIN+3, and also -9 or -KILL.
                Without it, TERM is sent.

                When the first process of a container with its own pid namespace ends, the
                kernel kills the others. Where the pid namespace is shared, KILL goes to all
                processes in the container's cgroup. Other signals go to all of them only with
                --all. --all works even if the first process has ended.

                Options:
                  -a, --all                  signal all processes in the container, not the
                                             first one alone
                  -h, --help                 show this help

                Example:
                  wherry kill web
                  wherry kill web HUP
                  wherry kill --all web KILL

                Exit status:
                  0         the signal was sent
                  1         it wasn't; stderr and the log file say why

                """)
    }

    @Test func listsEveryCommandAndGlobalOption() {
        let overview = text(Help.overview)
        for command in Command.all {
            #expect(overview.contains("\n  \(command.name) "), "\(command.name)")
        }
        for option in GlobalOptions.table {
            #expect(overview.contains("--\(option.name)") == !option.isHidden, "\(option.name)")
        }
    }

    @Test(arguments: Command.all.map { $0.name.description } + [""]) func fitsATerminal(_ name: String) throws {
        let page = text(name.isEmpty ? Help.overview : try Command.named(ByteString(name)).help)
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            #expect(line.count <= 80, "\(line)")
            #expect(!line.hasSuffix(" "), "\(line)")
        }
        #expect(!page.contains("\n\n\n"))
        #expect(page.hasSuffix("\n") && !page.hasSuffix("\n\n"))
    }

    @Test func namesEachOptionOnce() {
        for command in Command.all {
            let names = (command.options + [.help]).flatMap { [$0.name.description] + ($0.short.map { [$0.description] } ?? []) }
            #expect(Set(names).count == names.count, "\(command.name)")
        }
        #expect(Set(Command.all.map { $0.name.description }).count == Command.all.count)
    }

    @Test func keepsSentencesInTheStyleOfTheTable() {
        for command in Command.all {
            for option in command.options where !option.isHidden {
                let summary = option.summary.description
                #expect(summary.first?.isLowercase == true, "\(command.name) --\(option.name)")
                #expect(!summary.contains("  ") && !summary.contains("\n"), "\(command.name) --\(option.name)")
            }
        }
    }

    @Test func putsLongTermsOnALineOfTheirOwn() {
        var page = HelpPage()
        page.entry("--a-name-too-long-for-it", "what it does", column: 12)
        page.entry("--short", "what it does", column: 12)
        #expect(
            text(page.text) == """
                  --a-name-too-long-for-it
                            what it does
                  --short   what it does

                """)
    }
}
