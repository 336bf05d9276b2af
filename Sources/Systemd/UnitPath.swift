import Bytes

/// The object path of a unit: org.freedesktop.systemd1(5), "Unit Objects".
enum UnitPath {
    /// The path of the unit with this name. Each byte that isn't a letter or digit, and a digit at the start, becomes "_" and
    /// two hexadecimal digits, as in sd_bus_path_encode(3).
    static func of(_ unit: ByteString) -> ByteString {
        var path: [UInt8] = []
        path.append("/org/freedesktop/systemd1/unit/")
        if unit.isEmpty { path.append(UInt8(ascii: "_")) }
        for (index, byte) in unit.bytes.enumerated() {
            if byte.isLetter || byte.isDigit && index > 0 {
                path.append(byte)
            } else {
                path.append(UInt8(ascii: "_"))
                path.appendHexadecimal(UInt64(byte), digits: 2)
            }
        }
        return ByteString(path)
    }
}
