import Bytes
import Linux

/// A file of the cache: what the compiler made of a profile, and the proof that it's whole and belongs to that profile.
///
///     8 bytes  magic
///     4        bytes of program      (little endian, as all numbers here)
///     4        bytes of warnings
///     32       BLAKE2b of all that follows, under the profile's key
///     …        program, `struct sock_filter`
///     …        warnings, each with its length before it, in 4 bytes
enum CachedFilter {
    static let largestFile = 256 * 1024

    private static let magic: StaticString = "wherrybp"
    private static let headerSize = 48
    private static let largestProgram = SystemCallFilter.mostInstructions * SystemCallFilter.instructionSize

    static func encode(_ filter: SeccompCompiler.Output, key: Blake2b.Digest) -> [UInt8] {
        var body = filter.instructions
        for warning in filter.warnings {
            append(UInt32(warning.count), to: &body)
            body += warning.bytes
        }
        var file = magic.withUTF8Buffer { Array($0) }
        append(UInt32(filter.instructions.count), to: &file)
        append(UInt32(body.count - filter.instructions.count), to: &file)
        file += body.withUnsafeBytes { Blake2b.digest($0, key: key) }.bytes
        return file + body
    }

    /// - Returns: nil for anything but what `encode` made, with this very key.
    static func decode(_ file: [UInt8], key: Blake2b.Digest) -> SeccompCompiler.Output? {
        guard file.count > headerSize, magic.withUTF8Buffer({ file.starts(with: $0) }) else { return nil }
        let programSize = Int(number(in: file, at: 8))
        let warningsSize = Int(number(in: file, at: 12))
        guard programSize > 0, programSize <= largestProgram, programSize % SystemCallFilter.instructionSize == 0,
            headerSize + programSize + warningsSize == file.count
        else { return nil }
        let digest = file.withUnsafeBytes { Blake2b.digest(UnsafeRawBufferPointer(rebasing: $0[headerSize...]), key: key) }
        guard file[16..<headerSize].elementsEqual(digest.bytes) else { return nil }

        let warningsStart = headerSize + programSize
        var filter = SeccompCompiler.Output(instructions: Array(file[headerSize..<warningsStart]), warnings: [])
        var place = warningsStart
        while place < file.count {
            guard file.count - place >= 4 else { return nil }
            let length = Int(number(in: file, at: place))
            place += 4
            guard length <= file.count - place else { return nil }
            filter.warnings.append(ByteString(file[place..<place + length]))
            place += length
        }
        return filter
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func number(in bytes: [UInt8], at place: Int) -> UInt32 {
        bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self)) }
    }
}
