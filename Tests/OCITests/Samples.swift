import Bytes
import CLinux

/// The directory of configurations that engines wrote. Foundation isn't used, since its C library and CLinux can't be imported
/// together.
enum Samples {
    private static let folder = ByteString(#filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Samples")

    /// The sorted names of the files that end with this suffix.
    static func names(_ suffix: String) -> [String] {
        guard let directory = folder.withCString(opendir) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { place in
                place.withMemoryRebound(to: CChar.self, capacity: 256) { ByteString(cString: $0).displayText }
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }

    /// The file's content; empty if there is no such file.
    static func read(_ name: String) -> [UInt8] {
        guard let file = (folder + "/" + ByteString(name)).withCString({ fopen($0, "r") }) else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        return bytes
    }
}
