import Bytes
import Errors
import Linux
import OCI

/// Keeps the names of a container's standard streams in the image, in the same file and format as runc.
///
/// They were pipes or files of its caller when the container was made. By these names criu connects a restored container to the
/// streams of its new caller.
enum StandardStreamNames {
    static let fileName: ByteString = "descriptors.json"

    /// Writes the names to the image.
    static func write(_ names: [ByteString], to image: ImageDirectory) throws(RuntimeError) {
        var json = JSONWriter(.compact)
        json.array { json in
            for name in names { json.element(name) }
        }
        let bytes = json.bytes
        try explaining(.checkpoint, "the image can't be written", path: image.path) { () throws(SystemError) in
            remove(from: image)
            let flags: OpenFlags = [.writeOnly, .create, .exclusive, .noFollow]
            try FileDescriptor.open(fileName, at: image.descriptor.rawValue, flags: flags, mode: 0o600).writeAll(bytes)
        }
    }

    /// Removes the names, without which the folder is no image.
    static func remove(from image: ImageDirectory) { try? image.descriptor.file.unlink(fileName) }

    /// Reads the streams that have a name in the image. Other streams are left out.
    static func read(from image: ImageDirectory) throws(RuntimeError) -> [(number: Int, name: ByteString)] {
        let bytes = try explaining(
            .checkpoint, "\"" + image.path.displayText + "\" holds no image of a container", path: image.path + "/" + fileName,
            hint: "make one with wherry checkpoint; --pre-dump alone makes none"
        ) { () throws(SystemError) in
            let flags: OpenFlags = [.readOnly, .noFollow, .nonBlocking]
            return try FileDescriptor.open(fileName, at: image.descriptor.rawValue, flags: flags).readAll(limit: 64 * 1024)
        }
        guard let names = try? JSONValue(parsing: bytes) else {
            throw RuntimeError(.checkpoint, "the image is damaged", path: image.path + "/" + fileName)
        }
        return names.elements.prefix(3).enumerated().compactMap { number, element in
            guard let name = element.string, StreamNames.isName(name) else { return nil }
            return (number, name)
        }
    }
}
