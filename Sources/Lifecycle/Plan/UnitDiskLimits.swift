import Bytes
import Systemd

/// The limits and weights of single disks as properties of the container's unit, which are lists of disks and numbers.
///
/// In such a list, systemd changes only the disks that a new value names.
enum UnitDiskLimits {
    /// The files that have a line for each disk, of v2 and of v1.
    ///
    /// BlockIOReadBandwidth and BlockIOWriteBandwidth of v1 are left out: when systemd reads a unit again, each of them lifts the
    /// other one's limits, in the kernel's files too. It leaves files alone for which it knows no disks.
    static let files: [ByteString] = ["io.max", "io.weight", "blkio.weight_device", "blkio.bfq.weight_device"]

    /// The keys of io.max.
    private static let keys: [(key: ByteString, name: ByteString)] = [
        ("rbps", "IOReadBandwidthMax"), ("wbps", "IOWriteBandwidthMax"), ("riops", "IOReadIOPSMax"), ("wiops", "IOWriteIOPSMax"),
    ]

    /// The properties for all lines. Of two values for a disk the later one counts.
    static func properties(_ values: [(file: ByteString, text: ByteString)]) -> [UnitProperty] {
        var lists: [(name: ByteString, limits: [UnitProperty.Limit])] = []
        for (file, text) in values where files.contains(file) {
            for line in text.split(separator: UInt8(ascii: "\n")) {
                let words = line.words
                guard words.count > 1, let path = path(words[0]) else { continue }
                for (name, value) in entries(file, words.dropFirst()) {
                    add(UnitProperty.Limit(path, value), name, to: &lists)
                }
            }
        }
        return lists.map { UnitProperty($0.name, .limits($0.limits)) }
    }

    private static func add(
        _ limit: UnitProperty.Limit, _ name: ByteString, to lists: inout [(name: ByteString, limits: [UnitProperty.Limit])]
    ) {
        guard let list = lists.firstIndex(where: { $0.name == name }) else {
            lists.append((name, [limit]))
            return
        }
        lists[list].limits.removeAll { $0.name == limit.name }
        lists[list].limits.append(limit)
    }

    /// systemd reads the number from this path, and needs no file there. nil for a line that isn't of a disk.
    private static func path(_ number: ByteString) -> ByteString? {
        guard let (major, minor) = number.splitOnce(separator: UInt8(ascii: ":")), major.decimal(as: UInt32.self) != nil,
            minor.decimal(as: UInt32.self) != nil
        else { return nil }
        return "/dev/block/" + number
    }

    /// The properties and values in the words behind a disk's number.
    private static func entries(_ file: ByteString, _ words: ArraySlice<ByteString>) -> [(ByteString, UInt64)] {
        guard file != "io.max" else {
            return words.compactMap { word in
                guard let (key, text) = word.splitOnce(separator: UInt8(ascii: "=")), let value = limit(text),
                    let name = keys.first(where: { $0.key == key })?.name
                else { return nil }
                return (name, value)
            }
        }
        // A weight can be changed, but not lifted: "default" is no number.
        guard let weight = words.first?.decimal(as: UInt64.self) else { return [] }
        return [(file == "io.weight" ? "IODeviceWeight" : "BlockIODeviceWeight", weight)]
    }

    /// A limit: no limit is "max" in the file, and the highest number for systemd.
    private static func limit(_ text: ByteString) -> UInt64? { text == "max" ? .max : text.decimal() }
}
