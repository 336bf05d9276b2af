public import Bytes
public import Errors

/// Where a bus listens.
public struct BusAddress: Equatable, Sendable {
    public enum Kind: Sendable {
        /// A bus, which passes on messages between programs: systemd is one of them.
        case bus
        /// systemd's own socket. There is no bus behind it: systemd gets each message.
        case systemd
    }

    public let path: ByteString
    public let kind: Kind

    public init(path: ByteString, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    /// The system's bus: D-Bus Specification, "System message bus".
    ///
    /// It's tried before `systemd`, because it's a public interface, and because the connection survives a re-execution of
    /// systemd, as `systemctl daemon-reexec` and updates of the package make it. Only the calls that are on their way then fail.
    public static let system = BusAddress(path: "/run/dbus/system_bus_socket", kind: .bus)

    /// The socket on which systemd itself takes calls from root, for hosts without a bus. systemd(1), "Files", calls it
    /// internal to systemd. So it's only taken if there is no bus; runc does the same.
    public static let systemd = BusAddress(path: "/run/systemd/private", kind: .systemd)

    /// The bus of the user's service manager, from the variables that a login session has: `DBUS_SESSION_BUS_ADDRESS`, or else
    /// the socket `bus` in `XDG_RUNTIME_DIR`. D-Bus Specification, "Server Addresses" and "Login session message bus".
    ///
    /// - Parameters:
    ///   - address: the value of DBUS_SESSION_BUS_ADDRESS; nil if it isn't set.
    ///   - runtimeDirectory: the value of XDG_RUNTIME_DIR; nil if it isn't set.
    /// - Returns: the first address that is the path of a socket.
    /// - Throws: `cgroup` if there is none.
    public static func user(address: ByteString?, runtimeDirectory: ByteString?) throws(RuntimeError) -> BusAddress {
        let directory = runtimeDirectory.flatMap { $0.isEmpty ? nil : $0 }
        if let address, !address.isEmpty {
            for part in address.split(separator: UInt8(ascii: ";")) {
                if let path = path(in: part, runtimeDirectory: directory) { return BusAddress(path: path, kind: .bus) }
            }
            throw RuntimeError(
                .cgroup, "DBUS_SESSION_BUS_ADDRESS has no address of the form unix:path=FILE: " + WireText.safe(address),
                hint: "set it to \"unix:path=$XDG_RUNTIME_DIR/bus\"")
        }
        guard let directory else {
            throw RuntimeError(
                .cgroup,
                "the bus of the user's systemd isn't known: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set",
                hint: "log in as that user (not by su or sudo), or set XDG_RUNTIME_DIR to /run/user/UID")
        }
        return BusAddress(path: directory + "/bus", kind: .bus)
    }

    /// The path in one address, such as "unix:path=/run/user/1000/bus,guid=0123"; nil if the socket has no path.
    private static func path(in address: ByteString, runtimeDirectory: ByteString?) -> ByteString? {
        guard let (transport, keys) = address.splitOnce(separator: UInt8(ascii: ":")), transport == "unix" else { return nil }
        for key in keys.split(separator: UInt8(ascii: ",")) {
            guard let (name, value) = key.splitOnce(separator: UInt8(ascii: "=")) else { return nil }
            switch name {
            case "path":
                guard let path = unescaped(value), path.bytes.first == UInt8(ascii: "/") else { return nil }
                return path
            case "runtime" where value == "yes": return runtimeDirectory.map { $0 + "/bus" }
            default: continue
            }
        }
        return nil
    }

    /// The value with each "%" and two hexadecimal digits as the byte that they stand for. nil if it's malformed, or has a NUL.
    private static func unescaped(_ value: ByteString) -> ByteString? {
        var result: [UInt8] = []
        var rest = value.bytes[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexadecimalValue, let low = rest.popFirst()?.hexadecimalValue,
                high << 4 | low != 0
            else { return nil }
            result.append(high << 4 | low)
        }
        return ByteString(result)
    }
}
