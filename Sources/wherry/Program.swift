import Bytes
import Errors
import Lifecycle
import Linux

/// The program: it parses the command line, runs the command and returns the exit status.
enum Program {
    /// The command line without the program's name.
    static var arguments: [ByteString] {
        var arguments: [ByteString] = []
        while let argument = OwnProcess.argument(arguments.count + 1) { arguments.append(argument) }
        return arguments
    }

    /// Runs the program with a command line, and returns the exit status.
    static func run(_ tokens: [ByteString]) -> Int32 {
        FileDescriptor.openMissingStandardStreams()
        Trap.install(exitStatus: 1)
        // If the caller has limited the size of files, write(2) should fail. By default SIGXFSZ would end the program without a
        // message.
        Signal.ignore(Signal.fileSizeLimit)
        let globals: GlobalOptions
        let log: Log
        do throws(RuntimeError) {
            globals = try GlobalOptions(parsing: tokens)
            if let text = globals.asksForVersion ? Version.text : globals.asksForHelp ? Help.overview : nil {
                try printOut(text)
                return 0
            }
            log = try globals.openLog()
            if log.isDebugging { traceSteps(to: log) }
        } catch {
            Log().error(error, command: "")
            return 1
        }
        return run(globals, log)
    }

    private static func run(_ globals: GlobalOptions, _ log: Log) -> Int32 {
        let command: Command
        do throws(RuntimeError) {
            guard let name = globals.commandLine.first else {
                try printOut(Help.overview)
                return 0
            }
            command = try Command.named(name)
        } catch {
            log.error(error, command: "")
            return 1
        }
        Trap.setExitStatus(command.statusOfErrors)
        // If the stack ended half-way, what was made until then would be left.
        Trap.requireStack()
        do throws(RuntimeError) {
            let arguments = try command.parse(globals.commandLine.dropFirst())
            if arguments.isOn(.help) {
                try printOut(command.help)
                return 0
            }
            try globals.beginTrace(of: command.name, arguments)
            defer { StepTrace.end(log) }
            return try command.action(Invocation(globals: globals, arguments: arguments, log: log))
        } catch {
            log.error(error, command: command.name, prefix: error.code == .usage ? "" : command.errorPrefix)
            return command.statusOfErrors
        }
    }
}
