import Bytes
import Errors

extension IntelRdt {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            closID: object.text("closID"),
            schemata: object.list("schemata") { (line, _) throws(RuntimeError) in try line.schema() },
            l3CacheSchema: object.value("l3CacheSchema")?.schema(),
            memBwSchema: object.value("memBwSchema")?.schema(beginningWith: "MB:"),
            enableMonitoring: object.bool("enableMonitoring") ?? false)
        // Of versions 1.1 to 1.2.1, which never said what they do.
        object.ignore("enableCMT", "enableMBM")
        object.finish()
        guard let closID, closID != "/", !isPlainFileName(closID) else { return }
        throw value.error("the closID \(quoted(closID)) must be the name of a directory, or /")
    }
}

extension JSONValue {
    /// A line for the file `schemata` of a resctrl file system.
    fileprivate func schema(beginningWith prefix: StaticString = "") throws(RuntimeError) -> ByteString {
        let line = try filledText()
        guard !line.contains(UInt8(ascii: "\n")) else { throw error("the value must be a single line") }
        guard line.hasPrefix(ByteString(stringLiteral: prefix)) else {
            throw error("\(quoted(line)) must begin with \(prefix.description)")
        }
        return line
    }
}

extension MemoryPolicy {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            mode: object.requiredChoice("mode", Names.memoryPolicyMode),
            nodes: object.numberList("nodes") ?? "",
            flags: object.flags("flags", Names.memoryPolicyFlag))
        object.finish()
    }
}

extension ObjectDecoder {
    /// Names for bits, or-ed together.
    mutating func flags<Bits: FixedWidthInteger>(_ name: StaticString, _ table: NameTable<Bits>) throws(RuntimeError) -> Bits {
        var bits: Bits = 0
        for flag in try list(name, { (value, _) throws(RuntimeError) in try table[value] }) { bits |= flag }
        return bits
    }
}
