public import Bytes
import CLinux
public import Errors

/// A network device, as rtnetlink(7) describes it.
public struct NetworkInterface: Sendable {
    /// The number in its network namespace.
    public let index: Int32
    public let name: ByteString
    public let isUp: Bool

    fileprivate init?(_ answer: RouteAnswer) {
        guard answer.kind == RouteMessage.Kind.newLink, let index: Int32 = answer.body.number(at: 4),
            let flags: UInt32 = answer.body.number(at: 8),
            let name = answer.attributes(after: LinkAttribute.fixedSize).first(where: { $0.kind == LinkAttribute.name })
        else { return nil }
        self.index = index
        self.name = ByteString(name.payload.prefix { $0 != 0 })
        isUp = flags & LinkAttribute.up != 0
    }
}

/// struct ifinfomsg and IFLA_… of linux/if_link.h.
private enum LinkAttribute {
    static let fixedSize = 16
    static let name: UInt16 = 3
    static let namespaceFile: UInt16 = 28
    /// IFF_UP of netdevice(7).
    static let up: UInt32 = 1
}

extension RouteMessage {
    /// A request about a device, or about all: index 0.
    fileprivate static func link(
        _ kind: UInt16, _ name: StaticString, _ flags: Flags = [], index: Int32 = 0, state: UInt32 = 0, change: UInt32 = 0
    ) -> RouteMessage {
        var message = RouteMessage(kind, name, flags)
        message.append(UInt32(0))
        message.append(index)
        message.append(state)
        message.append(change)
        return message
    }
}

extension RouteSocket {
    /// The device of this name; nil if there is none (`RTM_GETLINK`).
    public func interface(named name: ByteString) throws(SystemError) -> NetworkInterface? {
        var request = RouteMessage.link(RouteMessage.Kind.getLink, "RTM_GETLINK")
        request.append(attribute: LinkAttribute.name, name.bytes + [0])
        do throws(SystemError) {
            return try ask(request).compactMap { NetworkInterface($0) }.first
        } catch  where error.errno == .ENODEV {
            return nil
        }
    }

    /// All devices (`RTM_GETLINK`).
    public func interfaces() throws(SystemError) -> [NetworkInterface] {
        try ask(.link(RouteMessage.Kind.getLink, "RTM_GETLINK", .list)).compactMap { NetworkInterface($0) }
    }

    /// Moves a device into another network namespace, and renames it in the same step (`RTM_NEWLINK`). The kernel takes it
    /// down, and drops its addresses and routes.
    ///
    /// - Parameters:
    ///   - interface: The device, in this socket's namespace.
    ///   - namespace: The other namespace.
    ///   - name: The name there. In a name with "%d" the kernel inserts a free number.
    /// - Throws: The kernel's reason not to move it.
    public func move(_ interface: NetworkInterface, to namespace: borrowing FileDescriptor, name: ByteString) throws(SystemError)
    {
        var request = RouteMessage.link(RouteMessage.Kind.newLink, "RTM_NEWLINK", index: interface.index)
        request.append(attribute: LinkAttribute.namespaceFile, UInt32(bitPattern: namespace.rawValue).bytes)
        request.append(attribute: LinkAttribute.name, name.bytes + [0])
        _ = try ask(request)
    }

    /// Brings a device up (`RTM_NEWLINK`).
    public func bringUp(_ interface: NetworkInterface) throws(SystemError) {
        _ = try ask(
            .link(
                RouteMessage.Kind.newLink, "RTM_NEWLINK", index: interface.index, state: LinkAttribute.up,
                change: LinkAttribute.up))
    }
}

/// An address of a network device, as rtnetlink(7) describes it.
public struct InterfaceAddress: Sendable {
    /// struct ifaddrmsg, IFA_… and IFA_F_… of linux/if_addr.h.
    private enum Attribute {
        static let fixedSize = 8
        static let address: UInt16 = 1
        static let local: UInt16 = 2
        static let flags: UInt16 = 8
        /// Address, local address, broadcast address, lifetimes, metric, protocol. The label isn't among them: it contains the
        /// device's name.
        static let kept: [UInt16] = [address, local, 4, 6, 9, 11]
    }

    private enum Flag {
        static let permanent: UInt32 = 0x80
        /// Those that belong to the configuration: NODAD, HOMEADDRESS, MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN. The others
        /// describe a state.
        static let kept: UInt32 = 0x02 | 0x10 | 0x100 | 0x200 | 0x400
    }

    fileprivate let index: UInt32
    private let family: UInt8
    private let prefixLength: UInt8
    private let scope: UInt8
    private let flags: UInt32
    private let attributes: [(kind: UInt16, payload: [UInt8])]

    fileprivate init?(_ answer: RouteAnswer) {
        guard answer.kind == RouteMessage.Kind.newAddress, answer.body.count >= Attribute.fixedSize,
            let index: UInt32 = answer.body.number(at: 4)
        else { return nil }
        let attributes = answer.attributes(after: Attribute.fixedSize)
        self.index = index
        family = answer.body[0]
        prefixLength = answer.body[1]
        scope = answer.body[3]
        flags = attributes.first { $0.kind == Attribute.flags }?.payload.number(at: 0) ?? UInt32(answer.body[2])
        self.attributes = attributes.filter { Attribute.kept.contains($0.kind) }
    }

    /// Whether it has no end (`IFA_F_PERMANENT`) and is valid everywhere (`RT_SCOPE_UNIVERSE`).
    public var isPermanentAndGlobal: Bool { flags & Flag.permanent != 0 && scope == 0 }

    /// The address and the length of its prefix, such as `10.0.0.1/24`.
    public var text: ByteString {
        let payload = (attributes.first { $0.kind == Attribute.local } ?? attributes.first { $0.kind == Attribute.address })?
            .payload
        return InterfaceAddress.text(of: payload ?? []) + "/" + ByteString(decimal: prefixLength)
    }

    /// An IPv4 address in decimal, any other in hexadecimal groups, of which the first longest run of zeros is left out
    /// (RFC 5952).
    ///
    /// Our own code: inet_ntop(3) of musl would add vfprintf to the program, 15 KB.
    static func text(of address: [UInt8]) -> ByteString {
        if address.count == 4 {
            return address.reduce(into: ByteString("")) { $0 = $0 + ($0.isEmpty ? "" : ".") + ByteString(decimal: $1) }
        }
        let groups = stride(from: 0, to: address.count - 1, by: 2).map { UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]) }
        let gap = longestZeros(in: groups)
        var text: [UInt8] = []
        for (index, group) in groups.enumerated() where !gap.contains(index) || index == gap.lowerBound {
            if gap.contains(index) {
                text += index == 0 ? Array("::".utf8) : [UInt8(ascii: ":")]
            } else {
                text += ByteString(hexadecimal: UInt64(group)).bytes
                if index + 1 < groups.count { text.append(UInt8(ascii: ":")) }
            }
        }
        return ByteString(text)
    }

    /// Where the first longest run of zeros is; empty if none is longer than one group.
    private static func longestZeros(in groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > max(longest.count, 1) { longest = start..<index }
            start = index + 1
        }
        return longest
    }

    /// A request to give this address to a device.
    fileprivate func addition(to interface: NetworkInterface) -> RouteMessage {
        var request = RouteMessage(RouteMessage.Kind.newAddress, "RTM_NEWADDR", .createNew)
        for byte in [family, prefixLength, UInt8(0), scope] { request.append(byte) }
        request.append(interface.index)
        for (kind, payload) in attributes { request.append(attribute: kind, payload) }
        request.append(attribute: Attribute.flags, (flags & Flag.kept).bytes)
        return request
    }
}

extension RouteSocket {
    /// The addresses of a device (`RTM_GETADDR`), in the kernel's order: of each network, the primary one first.
    public func addresses(of interface: NetworkInterface) throws(SystemError) -> [InterfaceAddress] {
        var request = RouteMessage(RouteMessage.Kind.getAddress, "RTM_GETADDR", .list)
        request.append(UInt64(0))
        return try ask(request).compactMap { InterfaceAddress($0) }.filter { $0.index == UInt32(bitPattern: interface.index) }
    }

    /// Gives a device an address (`RTM_NEWADDR`).
    public func add(_ address: InterfaceAddress, to interface: NetworkInterface) throws(SystemError) {
        _ = try ask(address.addition(to: interface))
    }
}
