import Bytes

/// A version as semver.org 2.0.0 defines it.
struct SpecificationVersion {
    let major: UInt64
    private let isBefore1: Bool

    init?(_ text: ByteString) {
        let (withoutBuild, build) = SpecificationVersion.cut(text, at: UInt8(ascii: "+"))
        let (core, prerelease) = SpecificationVersion.cut(withoutBuild, at: UInt8(ascii: "-"))
        let numbers = core.split(separator: UInt8(ascii: "."))
        guard numbers.count == 3, numbers.allSatisfy(SpecificationVersion.isNumber) else { return nil }
        guard let major: UInt64 = numbers[0].decimal() else { return nil }
        guard build.map({ SpecificationVersion.isList($0) { _ in true } }) ?? true else { return nil }
        // An identifier that consists of digits is a number, and a number has no leading zero.
        let isIdentifier = { (part: ByteString) in !part.bytes.allSatisfy { $0.isDigit } || SpecificationVersion.isNumber(part) }
        guard prerelease.map({ SpecificationVersion.isList($0, of: isIdentifier) }) ?? true else { return nil }
        self.major = major
        isBefore1 = major == 0 || (major == 1 && numbers[1] == "0" && numbers[2] == "0" && prerelease != nil)
    }

    /// Whether the version is at least 1.0.0 and below 2: the specification stays compatible within a major version.
    var isSupported: Bool { major == 1 && !isBefore1 }

    private static func cut(_ text: ByteString, at separator: UInt8) -> (ByteString, ByteString?) {
        guard let (before, after) = text.splitOnce(separator: separator) else { return (text, nil) }
        return (before, after)
    }

    private static func isNumber(_ text: ByteString) -> Bool {
        !text.isEmpty && text.bytes.allSatisfy { $0.isDigit } && (text.count == 1 || text.bytes[0] != UInt8(ascii: "0"))
    }

    private static func isList(_ text: ByteString, of isIdentifier: (ByteString) -> Bool) -> Bool {
        text.split(separator: UInt8(ascii: ".")).allSatisfy { part in
            !part.isEmpty && part.bytes.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") } && isIdentifier(part)
        }
    }
}
