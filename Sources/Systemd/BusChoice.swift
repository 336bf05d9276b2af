import Errors
public import Linux

extension Bus {
    /// Connects to the system's bus or, on a host without one, to systemd itself.
    ///
    /// - Parameters:
    ///   - user: the effective user id of this process; see `init`.
    ///   - addresses: the bus, and what to try if nobody listens there.
    ///   - deadline: when to give up.
    /// - Returns: the connection.
    /// - Throws: the error of the bus if nobody listens at either address: it's what the host should have.
    public static func system(
        user: UInt32?, addresses: (BusAddress, BusAddress) = (.system, .systemd), until deadline: Deadline
    ) throws(BusError) -> Bus {
        do throws(BusError) {
            return try Bus(addresses.0, user: user, until: deadline)
        } catch {
            guard error.error.errno == .ENOENT || error.error.errno == .ECONNREFUSED else { throw error }
            if let bus = try? Bus(addresses.1, user: user, until: deadline) { return bus }
            throw error
        }
    }
}
