import Bytes
import Errors
import Linux

/// A bundle and the text of its config.json, which is read only once. Source: bundle.md.
struct Bundle {
    /// The bundle's absolute path, without symbolic links.
    let path: ByteString
    let configText: [UInt8]

    /// The largest config.json that is accepted, in bytes.
    private static let limit = 16 << 20

    static func open(_ path: ByteString) throws(RuntimeError) -> Bundle {
        let absolute = try explaining(
            .invalidConfig, "the bundle \"" + path.displayText + "\" can't be opened", path: path,
            hint: "--bundle names the folder that holds config.json", canonical(path))
        guard ByteString(absolute.displayText) == absolute else {
            throw RuntimeError(
                .invalidConfig,
                "the path of the bundle \"" + absolute.displayText
                    + "\" is not UTF-8, so the container's state, which is JSON, can't name it",
                path: absolute, hint: "rename the folder")
        }
        let file = absolute + "/config.json"
        do throws(SystemError) {
            let descriptor = try FileDescriptor.open(file, flags: [.readOnly, .nonBlocking])
            let status = try descriptor.status()
            guard status.kind == .regular else { throw SystemError("openat", errno: .EINVAL) }
            return Bundle(path: absolute, configText: try descriptor.readAll(limit: limit, size: status.size))
        } catch  where error.errno == .EFBIG {
            throw RuntimeError(
                .invalidConfig, "\"" + file.displayText + "\" is larger than 16 MiB: no configuration is", path: file)
        } catch {
            throw RuntimeError(
                .invalidConfig, "\"" + file.displayText + "\" can't be read", error, path: file,
                hint: error.errno == .ENOENT ? "name the bundle with --bundle DIR, or write it: wherry spec --bundle DIR" : nil)
        }
    }

    /// The absolute path, with symbolic links resolved: the container's state keeps it for callers with other working
    /// directories.
    static func canonical(_ path: ByteString) throws(SystemError) -> ByteString {
        let directory = try FileDescriptor.open(path.isEmpty ? "." : path, flags: [.path, .directory])
        return try directory.hostPath()
    }
}
