import Bytes
import Errors
import Linux
import OCI

/// The network devices of the host that Host moves into the container: config-linux.md, "Network Devices".
///
/// The kernel keeps a device's properties when it moves, but takes it down and drops its addresses and its routes. So the
/// permanent global addresses are added again, with which the routes to their networks come back, and the device is brought up.
/// Other routes aren't restored. Later the device belongs to the container's network namespace, and goes the way of that: when
/// the namespace ends, the kernel returns a physical device to the initial namespace and destroys a virtual one.
final class MovedDevices {
    private struct Moved {
        let device: NetDevice
        /// The device as it was on the host.
        let before: NetworkInterface
        let addresses: [InterfaceAddress]
        /// The device in the container.
        let after: NetworkInterface
    }

    private let home: SharedDescriptor
    private let namespace: SharedDescriptor
    private let host: RouteSocket
    private let container: RouteSocket
    private var moved: [Moved] = []

    /// Connects to the two network namespaces.
    ///
    /// - Parameters:
    ///   - pid: A process in the container's network namespace.
    ///   - procfs: The host's procfs.
    /// - Throws: An error if a namespace can't be entered.
    init(into pid: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        do throws(SystemError) {
            home = SharedDescriptor(try procfs.openNamespace("net", of: try procfs.own()))
            namespace = SharedDescriptor(try procfs.openNamespace("net", of: ByteString(decimal: pid)))
            host = try RouteSocket()
            container = try RouteSocket.connected(in: namespace.file, returningTo: home.file)
        } catch {
            throw RuntimeError(
                .namespace, "the container's network namespace can't be reached", error, pointer: "/linux/netDevices")
        }
    }

    /// Moves a device, with its addresses, and brings it up.
    ///
    /// - Parameter device: The device.
    /// - Throws: An error if there is no such device, if its name is taken in the container, or if the kernel refuses.
    func move(_ device: NetDevice) throws(RuntimeError) {
        let pointer = device.pointer
        let name = device.name ?? device.host
        let interface = try explaining(
            .device, "network devices can't be looked up", pointer: pointer, host.interface(named: device.host.text))
        guard let interface else { throw device.missing }
        let others = try explaining(
            .device, "the container's network devices can't be listed", pointer: pointer, container.interfaces())
        guard !others.contains(where: { $0.name == name.text }) else {
            throw RuntimeError(
                .device, "the container's network namespace has a device \"" + name.text.displayText + "\" already",
                pointer: pointer,
                hint: "give it another name by the property \"name\", or a template such as eth%d")
        }
        let addresses = try explaining(
            .device, "the device's addresses can't be read", pointer: pointer, host.addresses(of: interface))
        try explaining(
            .device, "the network device \"" + device.host.text.displayText + "\" can't be moved into the container",
            pointer: pointer,
            hint: MovedDevices.hintForMove,
            host.move(interface, to: namespace.file, name: name.text))
        let entry = Moved(
            device: device, before: interface, addresses: addresses.filter { $0.isPermanentAndGlobal },
            after: try find(name, besides: others, pointer))
        moved.append(entry)
        try configure(entry, by: container, entry.after)
        try bringUp(entry)
    }

    private static let hintForMove =
        "does wherry have CAP_NET_ADMIN here, and may the device leave its namespace (\"ethtool -k\": netns-local: off)?"

    /// The device that has just arrived in the container. The kernel may have chosen its name and its number.
    private func find(_ name: InterfaceName, besides others: [NetworkInterface], _ pointer: String) throws(RuntimeError)
        -> NetworkInterface
    {
        let all = try explaining(
            .device, "the container's network devices can't be listed", pointer: pointer, container.interfaces())
        let found = all.first { $0.name == name.text } ?? all.first { one in !others.contains { $0.index == one.index } }
        guard let found else {
            throw RuntimeError(.device, "the network device isn't in the container after its move", pointer: pointer)
        }
        return found
    }

    private func configure(_ entry: Moved, by socket: RouteSocket, _ interface: NetworkInterface) throws(RuntimeError) {
        for address in entry.addresses {
            do throws(SystemError) {
                try socket.add(address, to: interface)
            } catch {
                throw RuntimeError(
                    .device, "the network device can't keep its address " + address.text.displayText, error,
                    pointer: entry.device.pointer,
                    hint: error.errno == .EACCES ? "is IPv6 disabled in the container's network namespace?" : nil)
            }
        }
    }

    private func bringUp(_ entry: Moved) throws(RuntimeError) {
        try explaining(
            .device, "the network device can't be brought up", pointer: entry.device.pointer, container.bringUp(entry.after))
    }

    /// Gives the devices back to the host, as they were: the container wasn't created. With its network namespace, the kernel
    /// would destroy the virtual ones.
    ///
    /// - Parameter log: Gets a warning for each device that can't be given back.
    func giveBack(_ log: Log) {
        for entry in moved.reversed() {
            do throws(RuntimeError) {
                try explaining(
                    .device, "can't be moved back",
                    container.move(entry.after, to: home.file, name: entry.before.name))
                guard let interface = try explaining(.device, "can't be found", host.interface(named: entry.before.name)) else {
                    continue
                }
                try configure(entry, by: host, interface)
                if entry.before.isUp { try explaining(.device, "can't be brought up", host.bringUp(interface)) }
            } catch {
                log.warn("network device \"" + entry.before.name.displayText + "\": " + error.message)
            }
        }
        moved = []
    }
}

extension NetDevice {
    /// The device's place in the configuration.
    fileprivate var pointer: String { "/linux/netDevices/" + host.text.escapedForJSONPointer }

    /// The error for a device that the host hasn't got.
    var missing: RuntimeError {
        RuntimeError(
            .device, "there is no network device \"" + host.text.displayText + "\"", pointer: pointer,
            hint: "\"ip link\" lists those in the network namespace of wherry")
    }
}
