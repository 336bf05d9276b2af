public import Bytes
import Errors

/// A device's major and minor number. The kernel's dev_t has 12 and 20 bits for them; larger numbers would name another device.
public struct DeviceNumber: Equatable, Sendable {
    static let majors: ClosedRange<UInt32> = 0...0xFFF
    static let minors: ClosedRange<UInt32> = 0...0xF_FFFF

    public let major: UInt32
    public let minor: UInt32

    /// Reads the properties `major` and `minor` of an object.
    init(of object: inout ObjectDecoder) throws(RuntimeError) {
        major = try object.requiredInteger("major", in: DeviceNumber.majors)
        minor = try object.requiredInteger("minor", in: DeviceNumber.minors)
    }

    /// "MAJOR:MINOR".
    public var text: ByteString { ByteString(decimal: major) + ":" + ByteString(decimal: minor) }
}
