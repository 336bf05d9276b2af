import Bytes
import CLinux

/// The whole environment that the runtime was called with.
func inheritedEnvironment() -> [ByteString] {
    var entries: [ByteString] = []
    while let entry = c_environment(Int32(entries.count)) { entries.append(ByteString(cString: entry)) }
    return entries
}

/// A variable of the runtime's own environment.
func environmentValue(_ name: ByteString) -> ByteString? {
    var index: Int32 = 0
    while let entry = c_environment(index) {
        if let (key, value) = ByteString(cString: entry).splitOnce(separator: UInt8(ascii: "=")), key == name { return value }
        index += 1
    }
    return nil
}
