/// A line of mountinfo (proc_pid_mountinfo(5)).
struct Mount {
    let id: Int
    let parent: Int
    let root: String
    let path: String
    let options: Set<String>
    /// For example "shared:7", "master:3" or "unbindable"; empty for a private mount.
    let propagation: [String]
    let type: String
    let source: String
    let superOptions: [String]

    init?(_ line: String) {
        let fields = line.split(separator: " ").map(String.init)
        guard let separator = fields.firstIndex(of: "-"), separator >= 6, fields.count >= separator + 4 else { return nil }
        id = Int(fields[0]) ?? -1
        parent = Int(fields[1]) ?? -1
        root = fields[3]
        path = fields[4]
        options = Set(fields[5].split(separator: ",").map(String.init))
        propagation = Array(fields[6..<separator])
        type = fields[separator + 1]
        source = fields[separator + 2]
        superOptions = fields[separator + 3].split(separator: ",").map(String.init)
    }

    /// The mounts in a text of mountinfo's format; by default this process's mounts.
    static func table(_ text: String = read("/proc/self/mountinfo")) -> [Mount] {
        text.lines.compactMap(Mount.init)
    }
}

extension StringProtocol where SubSequence == Substring {
    var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }

    var lines: [String] { split(separator: "\n").map(String.init) }
    var words: [String] { split(whereSeparator: \.isWhitespace).map(String.init) }
}
