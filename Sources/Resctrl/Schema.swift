import Bytes
import Errors

/// The share of one resource, such as "L3:0=7f0;1=1f": for each cache or memory controller a bit mask, a percentage or a
/// rate.
struct Schema {
    let resource: ByteString
    private var shares: [(domain: ByteString, share: ByteString)] = []

    /// Reads a line of a file `schemata`, or of a configuration: nil if it has another form.
    init?(_ line: ByteString) {
        guard let (resource, list) = line.splitOnce(separator: UInt8(ascii: ":")) else { return nil }
        self.resource = resource.trimmed
        for entry in list.split(separator: UInt8(ascii: ";")) {
            guard let (domain, share) = entry.splitOnce(separator: UInt8(ascii: "=")) else { return nil }
            shares.append((Schema.canonical(domain), Schema.canonical(share)))
        }
    }

    /// A number without spaces and leading zeros, in lower case: the kernel writes it in other forms than it reads.
    private static func canonical(_ number: ByteString) -> ByteString {
        let digits = number.trimmed.bytes.map { (0x41...0x46).contains($0) ? $0 | 0x20 : $0 }
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        return significant.isEmpty ? "0" : ByteString(significant)
    }

    /// Whether a group with these schemata has every share that this one names.
    func isMet(by schemata: [ByteString]) -> Bool {
        for line in schemata {
            guard let other = Schema(line), other.resource == resource else { continue }
            return shares.allSatisfy { wanted in
                other.shares.contains { $0.domain == wanted.domain && $0.share == wanted.share }
            }
        }
        return false
    }
}

extension ResctrlGroup {
    /// Refuses a group that exists and has other shares than the configuration gives: others may be in it.
    ///
    /// - Parameter wanted: The configuration's lines, and where they stand in it.
    /// - Throws: `cgroup` with the place of the first line that the group doesn't meet.
    func check(_ wanted: [(line: ByteString, pointer: String)]) throws(RuntimeError) {
        guard !wanted.isEmpty else { return }
        let present = try schemata()
        for (line, pointer) in wanted where Schema(line)?.isMet(by: present) != true {
            let list = present.reduce(into: "") { $0 += ($0.isEmpty ? "" : ", ") + $1.displayText }
            throw RuntimeError(
                .cgroup, "the resctrl group exists with other schemata: " + list, pointer: pointer,
                hint: "give the group's own schemata, leave them out, or choose another closID")
        }
    }
}
