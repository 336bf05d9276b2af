import Bytes
import Errors
import OCI
import Systemd

/// The properties of the container's unit that annotations ask for: `org.systemd.property.NAME`, with a value in GVariant's
/// text format. The form is runc's; podman and Kubernetes' users know it.
///
/// Whoever writes annotations needn't be root. So only properties are accepted that concern this unit alone: others let the
/// host power off (SuccessAction, CVE-2024-3154), or start and stop other units.
enum UnitAnnotations {
    private static let prefix: ByteString = "org.systemd.property."

    /// How and when the unit is stopped, and the order of stopping.
    private static let accepted: [ByteString] = [
        "After", "Before", "CollectMode", "DefaultDependencies", "Documentation", "FinalKillSignal", "KillMode", "KillSignal",
        "OOMPolicy", "RestartKillSignal", "RuntimeMaxUSec", "SendSIGHUP", "SendSIGKILL", "TimeoutStopUSec",
    ]

    /// The properties of a container's annotations. Throws `invalidConfig` for a name or value that isn't accepted.
    static func properties(in annotations: [Annotation]) throws(RuntimeError) -> [UnitProperty] {
        var properties: [UnitProperty] = []
        for annotation in annotations where annotation.key.hasPrefix(prefix) {
            let name = annotation.key.dropFirst(prefix.count)
            guard accepted.contains(name) || accepted.contains(microseconds(name)) else {
                throw annotation.refusal(
                    "asks for a property of the unit that annotations may not set",
                    hint: "limits are in linux.resources; annotations may set how the unit is stopped, as TimeoutStopUSec")
            }
            guard let value = value(annotation.value), let property = property(name, value) else {
                throw annotation.refusal(
                    "has a value that isn't accepted: " + annotation.value.displayText,
                    hint: "values are like true, 5, uint64 5, 'text' or ['a', 'b']")
            }
            properties.append(property)
        }
        return properties
    }

    /// The name over D-Bus of a property whose name ends with "Sec" in unit files.
    private static func microseconds(_ name: ByteString) -> ByteString {
        name.hasSuffix("Sec") && !name.hasSuffix("USec") ? ByteString(name.bytes.dropLast(3)) + "USec" : name
    }

    /// The property. Its name may end with "Sec", as in unit files: over D-Bus it ends with "USec" and counts microseconds.
    private static func property(_ name: ByteString, _ value: UnitProperty.Value) -> UnitProperty? {
        guard name.hasSuffix("Sec"), !name.hasSuffix("USec") else { return UnitProperty(name, value) }
        let seconds: UInt64
        switch value {
        case .uint64(let number): seconds = number
        case .uint32(let number): seconds = UInt64(number)
        case .int32(let number) where number >= 0: seconds = UInt64(number)
        default: return nil
        }
        let (microseconds, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflows else { return nil }
        return UnitProperty(self.microseconds(name), .uint64(microseconds))
    }

    // MARK: GVariant's text format

    private static func value(_ text: ByteString) -> UnitProperty.Value? {
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "@as []": return .strings([])
        default: break
        }
        if text.hasPrefix("uint64 ") { return text.dropFirst(7).decimal().map { .uint64($0) } }
        if text.hasPrefix("uint32 ") { return text.dropFirst(7).decimal().map { .uint32($0) } }
        if text.hasPrefix("int32 ") { return text.dropFirst(6).decimal().map { .int32($0) } }
        // A number without a type is of this one.
        if let number: Int32 = text.decimal() { return .int32(number) }
        var rest = text.bytes[...]
        if rest.first == UInt8(ascii: "[") {
            guard let texts = strings(&rest), rest.isEmpty else { return nil }
            return .strings(texts)
        }
        guard let string = string(&rest), rest.isEmpty else { return nil }
        return .string(string)
    }

    /// Reads a list of texts, at least one.
    private static func strings(_ rest: inout ArraySlice<UInt8>) -> [ByteString]? {
        var texts: [ByteString] = []
        rest.removeFirst()
        while true {
            rest = rest.drop { $0.isSpace }
            guard let text = string(&rest) else { return nil }
            texts.append(text)
            rest = rest.drop { $0.isSpace }
            switch rest.popFirst() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "]"): return texts
            default: return nil
            }
        }
    }

    /// Reads a text in single or double quotation marks. A backslash stands before a character that means itself.
    private static func string(_ rest: inout ArraySlice<UInt8>) -> ByteString? {
        guard let mark = rest.popFirst(), mark == UInt8(ascii: "'") || mark == UInt8(ascii: "\"") else { return nil }
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == mark { return ByteString(text) }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let escaped = rest.popFirst(), !escaped.isLetter, !escaped.isDigit else { return nil }
            text.append(escaped)
        }
        return nil
    }
}
