import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Reads the container's resource usage from all its cgroups. If a controller is missing, its part is empty.
    public func statistics() throws(RuntimeError) -> CgroupStatistics {
        var found = CgroupStatistics()
        var lost: [RuntimeError] = []
        for group in groups {
            do throws(RuntimeError) {
                try explaining(.cgroup, "can't read what the container has used", path: group.place()) {
                    () throws(SystemError) in
                    let files = StatisticsFiles(directory: try group.directory())
                    switch group.version {
                    case .v1: try files.readV1(group.controllers, into: &found)
                    case .v2: try files.readV2(into: &found)
                    }
                }
            } catch  where error.errno == .ENOENT && group.version == .v1 {
                // systemd removes a container's cgroup from some hierarchies of v1. The other ones still have it.
                lost.append(error)
            }
        }
        if lost.count == groups.count, let error = lost.first { throw error }
        found.hugetlb = found.hugetlb.ordered { $0.pageSize < $1.pageSize }
        return found
    }
}

/// The files of one cgroup that report its resource usage.
struct StatisticsFiles {
    let directory: CgroupDirectory

    /// Reads a file; nil if there is no such file, or if the kernel doesn't support reading it.
    func text(_ file: ByteString) throws(SystemError) -> ByteString? {
        do throws(SystemError) {
            return try directory.readIfPresent(file)
        } catch {
            // For memory.kmem.* on kernels that don't count kernel memory, and for *.pressure if it's switched off.
            if error.errno == .EOPNOTSUPP { return nil }
            throw error
        }
    }

    /// Reads a number: 0 if there is no such file, the largest number for "max".
    func number(_ file: ByteString) throws(SystemError) -> UInt64 {
        guard let text = try text(file) else { return 0 }
        return text == "max" ? .max : text.decimal(as: UInt64.self) ?? 0
    }

    /// Reads numbers that are separated by spaces.
    func numbers(_ file: ByteString) throws(SystemError) -> [UInt64] {
        (try text(file))?.words.compactMap { $0.decimal(as: UInt64.self) } ?? []
    }

    func table(_ file: ByteString) throws(SystemError) -> KeyedValues? { try text(file).map { KeyedValues($0) } }

    /// Reads a list such as "0-2,7" as the numbers 0, 1, 2 and 7.
    func list(_ file: ByteString) throws(SystemError) -> [UInt64] {
        guard let text = try text(file) else { return [] }
        var all: [UInt64] = []
        for part in text.split(separator: UInt8(ascii: ",")) {
            let (first, last) = part.splitOnce(separator: UInt8(ascii: "-")) ?? (part, part)
            guard let low = first.decimal(as: UInt64.self), let high = last.decimal(as: UInt64.self), low <= high, high < 1 << 16
            else { continue }
            all += low...high
        }
        return all
    }

    /// Reads lines of the form "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", which begin with "some" or "full".
    func pressure(_ file: ByteString) throws(SystemError) -> CgroupStatistics.Pressure? {
        guard let text = try text(file) else { return nil }
        var found = CgroupStatistics.Pressure()
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.words
            guard words.count == 5, let total = value(words[4])?.decimal(as: UInt64.self), let ten = average(words[1]),
                let sixty = average(words[2]), let threeHundred = average(words[3])
            else { continue }
            let parsed = CgroupStatistics.Pressure.Line(
                average10: ten, average60: sixty, average300: threeHundred, total: total)
            if words[0] == "some" { found.some = parsed } else if words[0] == "full" { found.full = parsed }
        }
        return found.some == nil && found.full == nil ? nil : found
    }

    private func value(_ word: ByteString) -> ByteString? { word.splitOnce(separator: UInt8(ascii: "="))?.1 }

    /// The number after "=", as text that is also valid JSON; nil if it isn't a number with decimals.
    private func average(_ word: ByteString) -> ByteString? {
        guard let text = value(word), let (whole, decimals) = text.splitOnce(separator: UInt8(ascii: ".")),
            whole.decimal(as: UInt32.self) != nil, decimals.decimal(as: UInt32.self) != nil
        else { return nil }
        return text
    }

    /// The page sizes for which hugetlb has files with this suffix.
    func pageSizes(suffix: ByteString) throws(SystemError) -> [ByteString] {
        try directory.descriptor.entries().compactMap { entry in
            guard entry.name.hasPrefix("hugetlb."), entry.name.hasSuffix(suffix) else { return nil }
            let size = ByteString(entry.name.bytes.dropFirst(8).dropLast(suffix.count))
            return size.contains(UInt8(ascii: ".")) ? nil : size
        }
    }
}
