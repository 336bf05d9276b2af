public import Bytes
import Errors

/// A device's numbers, as far as the kernel's dev_t has room for them: 12 and 20 bits. It would take larger ones for another device.
public struct DeviceNumber: Equatable, Sendable {
    static let majors: ClosedRange<UInt32> = 0...0xFFF
    static let minors: ClosedRange<UInt32> = 0...0xF_FFFF

    public let major: UInt32
    public let minor: UInt32

    /// The properties `major` and `minor` of an object.
    init(of object: inout ObjectDecoder) throws(RuntimeError) {
        major = try object.requiredInteger("major", in: DeviceNumber.majors)
        minor = try object.requiredInteger("minor", in: DeviceNumber.minors)
    }

    /// "MAJOR:MINOR".
    public var text: ByteString { ByteString(decimal: major) + ":" + ByteString(decimal: minor) }
}
