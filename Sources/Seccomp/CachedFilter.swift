import Bytes
import Linux

/// The format of the cache's files: the program and warnings that the compiler made from a profile, and the profile itself.
///
///     8 bytes  magic
///     8        hash of the sizes, the program and the warnings
///     4        size of the program     (little endian, as all numbers here)
///     4        size of the warnings
///     4        size of the profile
///     …        program, `struct sock_filter`
///     …        warnings, each with its length before it, in 4 bytes
///     …        profile, as `ProfileEncoding` writes it
///
/// The profile is compared byte by byte, so a program is never used for another profile. The hash only detects accidental
/// damage: the cache refuses files that other users can write.
enum CachedFilter {
    static let largestFile = 512 * 1024

    private static let magic: StaticString = "wherrybp"
    private static let sizesStart = 16
    private static let headerSize = 28
    private static let largestProgram = SystemCallFilter.mostInstructions * SystemCallFilter.instructionSize

    static func encode(_ filter: SeccompCompiler.Output, profile: ProfileEncoding) -> [UInt8] {
        var warnings: [UInt8] = []
        for warning in filter.warnings {
            append(UInt32(warning.count), to: &warnings)
            warnings += warning.bytes
        }
        var body: [UInt8] = []
        for size in [filter.instructions.count, warnings.count, profile.bytes.count] { append(UInt32(size), to: &body) }
        body += filter.instructions + warnings
        var file = magic.withUTF8Buffer { Array($0) }
        append(body.withUnsafeBytes { $0.wordHash }, to: &file)
        return file + body + profile.bytes
    }

    /// Reads a file of the cache.
    ///
    /// - Returns: the program and its warnings; nil unless `encode` made the file from this profile.
    static func decode(_ file: [UInt8], profile: ProfileEncoding) -> SeccompCompiler.Output? {
        guard file.count > headerSize, magic.withUTF8Buffer({ file.starts(with: $0) }) else { return nil }
        let programSize: UInt32 = number(in: file, at: sizesStart)
        let warningsSize: UInt32 = number(in: file, at: sizesStart + 4)
        let profileSize: UInt32 = number(in: file, at: sizesStart + 8)
        let warningsStart = headerSize + Int(programSize)
        let profileStart = warningsStart + Int(warningsSize)
        guard programSize > 0, programSize <= largestProgram, Int(programSize) % SystemCallFilter.instructionSize == 0,
            profileStart + Int(profileSize) == file.count
        else { return nil }
        let hash: UInt64 = number(in: file, at: magic.utf8CodeUnitCount)
        let isWhole = file.withUnsafeBytes { file in
            profile.bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: file[profileStart...]).hasSameBytes(as: $0) }
                && UnsafeRawBufferPointer(rebasing: file[sizesStart..<profileStart]).wordHash == hash
        }
        guard isWhole, let warnings = texts(in: file, warningsStart..<profileStart) else { return nil }
        return SeccompCompiler.Output(instructions: ByteString(file[headerSize..<warningsStart]).bytes, warnings: warnings)
    }

    private static func texts(in file: [UInt8], _ places: Range<Int>) -> [ByteString]? {
        var texts: [ByteString] = []
        var place = places.lowerBound
        while place < places.upperBound {
            guard places.upperBound - place >= 4 else { return nil }
            let length: UInt32 = number(in: file, at: place)
            place += 4
            guard Int(length) <= places.upperBound - place else { return nil }
            texts.append(ByteString(file[place..<place + Int(length)]))
            place += Int(length)
        }
        return texts
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func number<Number: FixedWidthInteger & BitwiseCopyable>(in bytes: [UInt8], at place: Int) -> Number {
        bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Number.self)) }
    }
}
