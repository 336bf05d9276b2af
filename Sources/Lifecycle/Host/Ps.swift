public import Bytes
import Cgroups
public import Errors
import Linux

/// The pids of all processes in a container's cgroup, as the caller's pid namespace numbers them, in ascending order.
public func containerProcesses(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> [Int32] {
    let directory = try ContainerDirectory.require(id, settings)
    let cgroup = try directory.requireRecord().requireCgroup("searched for processes")
    // The kernel writes 0 for a process that isn't visible in the caller's pid namespace.
    return try cgroup.processes().filter { $0 > 0 }.ordered()
}

/// Runs the host's ps(1) and returns its header and the lines about the container's processes.
///
/// - Parameters:
///   - id: The container's id.
///   - options: The options of ps; `-ef` if empty. The output must have a column PID.
///   - settings: The global options.
/// - Returns: The lines, each with a line feed.
/// - Throws: An error if ps fails, or its output has no column PID.
public func containerProcessTable(id: ByteString, options: [ByteString], _ settings: GlobalSettings) throws(RuntimeError)
    -> [UInt8]
{
    let processes = try containerProcesses(id: id, settings)
    let output = try listing(options.isEmpty ? ["-ef"] : options)
    guard let table = ProcessTable(output) else {
        throw RuntimeError(
            .usage, "the output of ps has no column PID to find the container's processes by",
            hint: "add pid to the columns that ps is asked for")
    }
    return table.rows(of: SortedSet(processes))
}

private func listing(_ options: [ByteString]) throws(RuntimeError) -> [UInt8] {
    // PATH isn't searched: an engine's environment must not decide which program runs here.
    let places: [ByteString] = ["/usr/bin/ps", "/bin/ps"]
    guard let path = places.first(where: { isAccessible($0, forExecution: true) }) else {
        throw RuntimeError(
            .program, "there is no /usr/bin/ps and no /bin/ps on the host", hint: "install procps, or ask for --format json")
    }
    let program = HelperProcess.Program(
        path: path, arguments: ["ps"] + options, environment: languageSettings(), outputLimit: .max, separatesErrors: true)
    let outcome = try explaining(.program, "ps can't be run", path: path, HelperProcess.start(program).finish(seconds: 30))
    let complaint = outcome.errors.split(separator: UInt8(ascii: "\n")).first.map { ": " + ByteString($0).displayText } ?? ""
    switch outcome.end {
    case .exited(0): return outcome.output
    // ps exits with 1 when its options select no process at all.
    case .exited(1) where outcome.errors.isEmpty && !outcome.output.isEmpty: return outcome.output
    case .exited(let status):
        throw RuntimeError(.program, "ps failed with exit status " + String(status) + complaint, path: path)
    case .killed(let signal): throw RuntimeError(.program, "ps was ended by signal " + String(signal) + complaint, path: path)
    case nil: throw RuntimeError(.timeout, "ps hasn't ended within 30 seconds" + complaint, path: path)
    }
}

/// The variables that choose the language and the encoding. ps gets nothing else of our environment.
private func languageSettings() -> [ByteString] {
    OwnEnvironment.entries.filter { $0.hasPrefix("LANG=") || $0.hasPrefix("LC_") }
}

/// The output of ps: a header and a line for each process or thread.
struct ProcessTable {
    private let lines: [ArraySlice<UInt8>]
    /// The index of the word "PID" in the header, and the offset of its end in the line, in bytes.
    private let column: (place: Int, end: Int)

    /// Reads the output of ps; nil if no column is called PID.
    init?(_ output: [UInt8]) {
        lines = output.split(separator: UInt8(ascii: "\n"))
        guard let header = lines.first else { return nil }
        let titles = ProcessTable.words(of: header)
        guard let place = titles.firstIndex(where: { ByteString($0) == "PID" }) else { return nil }
        column = (place, titles[place].endIndex - header.startIndex)
    }

    /// The header, and the lines of the processes given.
    func rows(of processes: SortedSet<Int32>) -> [UInt8] {
        var text: [UInt8] = []
        for (place, line) in lines.enumerated() where place == 0 || process(of: line).map(processes.contains) == true {
            text += line
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    /// The pid on a line of the table.
    ///
    /// ps aligns pids with the end of their title, so the word that ends there is the pid, even if columns before it contain
    /// spaces. But a user name that is too long for its column, or isn't ASCII, shifts the rest of the line: then words are
    /// counted.
    private func process(of line: ArraySlice<UInt8>) -> Int32? {
        let words = ProcessTable.words(of: line)
        let below = words.first { $0.endIndex - line.startIndex == column.end }
        if let pid: Int32 = below.flatMap({ ByteString($0).decimal() }) { return pid }
        return column.place < words.count ? ByteString(words[column.place]).decimal() : nil
    }

    private static func words(of line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] { line.split(separator: UInt8(ascii: " ")) }
}
