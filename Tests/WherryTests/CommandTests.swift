import Bytes
import Errors
import Testing

@testable import wherry

@Suite struct CommandTests {
    private func parse(_ line: String) throws -> (GlobalOptions, Arguments) {
        let globals = try GlobalOptions(parsing: line.split(separator: " ").map { ByteString(String($0)) })
        let command = try Command.named(try #require(globals.commandLine.first))
        return (globals, try command.parse(globals.commandLine.dropFirst()))
    }

    private func error(_ line: String) -> RuntimeError? {
        do {
            _ = try parse(line)
            return nil
        } catch {
            return error as? RuntimeError
        }
    }

    /// Engines call the commands by these names.
    @Test func findsEachCommandByItsName() throws {
        for command in Command.all {
            #expect(try Command.named(ByteString(stringLiteral: command.name)).name.description == command.name.description)
        }
        #expect(Command.all.count == 20)
    }

    @Test(arguments: [
        "--root /run/docker/runtime-runc/moby --log /b/log.json --log-format json create --bundle /b --pid-file /b/init.pid X",
        "--root R --log L --log-format json --systemd-cgroup create --bundle B --pid-file P --console-socket S --no-pivot X",
        "--debug --rootless=true create --bundle B --detach --preserve-fds 3 --pidfd-socket S --no-new-keyring X",
        "--no-new-keyring --cgroup-manager disabled create --bundle B X", "--root R kill --all X 9", "kill X -9",
        "--systemd-cgroup=false --rootless auto run --keep --no-subreaper -no-pivot -d -b B X", "list --format=json", "list -q",
        "delete --force X", "delete X --force", "start X", "state X", "spec --rootless -b B", "features", "h create",
        "ps --format json X", "ps --format table X -ef", "ps X -o pid,comm", "pause X", "resume X", "update --resources=- X",
        "update --resources /r.json X", "update X --memory-swap -1 --cpu-quota=-1", "events --stats X", "events --interval=5s X",
    ])
    func takesWhatEnginesSay(_ line: String) throws {
        _ = try parse(line)
    }

    @Test func readsTheRequestForAContainer() throws {
        let (globals, arguments) = try parse(
            "--no-new-keyring create ID --bundle=/b --pid-file /p --console-socket /c --pidfd-socket /d --no-pivot --preserve-fds 7"
        )
        let request = Create.request(Invocation(globals: globals, arguments: arguments, log: try globals.openLog()))
        #expect(request.id == "ID" && request.bundle == "/b" && request.pidFile == "/p" && request.consoleSocket == "/c")
        #expect(request.pidfdSocket == "/d" && request.noPivot && request.noNewKeyring && request.preserveFDs == 7)
    }

    @Test func takesTheWorkingDirectoryForTheBundle() throws {
        let (globals, arguments) = try parse("create ID")
        let request = Create.request(Invocation(globals: globals, arguments: arguments, log: try globals.openLog()))
        #expect(request.bundle == "." && request.pidFile == nil && !request.noPivot && !request.noNewKeyring)
        #expect(request.preserveFDs == 0)
    }

    @Test(
        arguments: [
            ("creat X", "unknown command \"creat\"", "did you mean create?"),
            ("frobnicate", "unknown command \"frobnicate\"", "\"wherry help\" lists the commands"),
            ("create", "ID is missing", "usage: wherry create [OPTIONS] ID; see wherry help create"),
            ("state A B", "\"B\" is one argument too many", "usage: wherry state ID; see wherry help state"),
            ("kill X 9 10", "\"10\" is one argument too many", "usage: wherry kill [OPTIONS] ID [SIGNAL]; see wherry help kill"),
            ("state X --root R", "\"--root\" is a global option", "global options stand before the command"),
            ("create --bundel B X", "unknown option \"--bundel\"", "did you mean --bundle?"),
            ("--log-format xml list", "option \"--log-format\" takes text or json, not \"xml\"", nil),
        ] as [(String, String, String?)])
    func saysWhatIsWrongAndWhatIsRight(_ line: String, _ sentence: String, _ hint: String?) {
        let error = error(line)
        #expect(error?.code == .usage)
        #expect(error?.sentence == sentence)
        #expect(error?.hint == hint)
    }

    @Test func letsTheManagerNamedOutrightPrevail() throws {
        for (line, manager) in [
            ("list", "cgroupfs"), ("--systemd-cgroup list", "systemd"), ("--systemd-cgroup=false list", "cgroupfs"),
            ("--systemd-cgroup --cgroup-manager disabled list", "disabled"), ("--cgroup-manager systemd list", "systemd"),
        ] {
            let (globals, _) = try parse("--root /r " + line)
            let settings = try globals.settings(log: try globals.openLog())
            #expect("\(settings.cgroupManager)" == manager, "\(line)")
            #expect(settings.root == "/r")
        }
    }

    @Test func asksForNoOperandWhereHelpIsWanted() throws {
        #expect(try parse("create --help").1.isOn(.help))
        #expect(try parse("kill -h").1.isOn(.help))
    }
}
