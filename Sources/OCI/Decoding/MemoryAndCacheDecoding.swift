import Bytes
import Errors

extension IntelRdt {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            closID: object.text("closID"),
            schemata: object.list("schemata") { (line, _) throws(RuntimeError) in try line.singleLine() },
            l3CacheSchema: object.schema("l3CacheSchema"),
            memBwSchema: object.schema("memBwSchema", beginningWith: "MB:"),
            enableMonitoring: object.bool("enableMonitoring") ?? false)
        // Properties of the specification's versions 1.1 to 1.2.1, which never defined their effect.
        object.ignore("enableCMT", "enableMBM")
        object.finish()
        guard let closID, closID != "/", !isPlainFileName(closID) else { return }
        throw value.error("the closID " + quoted(closID) + " must be the name of a directory, or /")
    }
}

extension ObjectDecoder {
    /// Reads a line for the file `schemata` of a resctrl file system.
    fileprivate mutating func schema(_ name: StaticString, beginningWith prefix: ByteString = "") throws(RuntimeError)
        -> ByteString?
    {
        guard let value = value(name), !value.equals("") else { return nil }
        let line = try value.singleLine()
        guard line.hasPrefix(prefix) else { throw value.error(quoted(line) + " must begin with " + prefix.displayText) }
        return line
    }
}

extension JSONValue {
    fileprivate func singleLine() throws(RuntimeError) -> ByteString {
        let line = try filledText()
        guard !line.contains(UInt8(ascii: "\n")) else { throw error("the value must be a single line") }
        return line
    }
}

extension MemoryPolicy {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            mode: object.requiredChoice("mode", Names.memoryPolicyMode),
            nodes: object.checkedText("nodes"),
            flags: object.flags("flags", Names.memoryPolicyFlag))
        object.finish()
    }
}

extension ObjectDecoder {
    /// Reads a list of names that stand for bits, and combines the bits.
    mutating func flags<Bits: FixedWidthInteger>(_ name: StaticString, _ table: NameTable<Bits>) throws(RuntimeError) -> Bits {
        var bits: Bits = 0
        for flag in try list(name, { (value, _) throws(RuntimeError) in try table[value] }) { bits |= flag }
        return bits
    }
}
