import Bytes
import Errors

/// A number of bytes, microseconds or processes that may not be exceeded, or -1 for no limit.
public struct Limit: Equatable, Sendable {
    public let number: Int64

    init(_ value: JSONValue) throws(RuntimeError) { number = try value.integer(in: -1...Int64.max) }

    public var isUnlimited: Bool { number == -1 }
}

/// A share of a disk's time among others, 10 to 1000: config-linux.md, "Block IO".
public struct Weight: Equatable, Sendable {
    public let number: UInt16

    init(_ value: JSONValue) throws(RuntimeError) {
        number = try value.integer(in: UInt16.min...UInt16.max)
        guard (10...1000).contains(number) else {
            throw value.error("a weight must be from 10 to 1000, found " + decimal(number))
        }
    }
}

extension ObjectDecoder {
    /// -1 is a limit like others, and so is 0.
    mutating func limit(_ name: StaticString) throws(RuntimeError) -> Limit? {
        guard let value = value(name) else { return nil }
        return try Limit(value)
    }

    /// 0, which engines send for "unset", is as good as absent.
    mutating func positiveLimit(_ name: StaticString) throws(RuntimeError) -> Limit? {
        guard let limit = try limit(name), limit.number != 0 else { return nil }
        return limit
    }

    /// 0, which docker sends, is as good as absent.
    mutating func weight(_ name: StaticString) throws(RuntimeError) -> Weight? {
        guard let value = value(name), value.integer(as: UInt16.self) != 0 else { return nil }
        return try Weight(value)
    }
}
