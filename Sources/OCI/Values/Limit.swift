import Bytes
import Errors

/// The highest allowed number of bytes, microseconds or processes, or -1 for no limit.
public struct Limit: Equatable, Sendable {
    public let number: Int64

    init(_ value: JSONValue) throws(RuntimeError) { number = try value.integer(in: -1...Int64.max) }

    /// Whether there is no limit.
    public var isUnlimited: Bool { number == -1 }
}

/// The weight of a cgroup's share of a disk's time, from 10 to 1000: config-linux.md, "Block IO".
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
    /// Reads a limit that may be 0 or -1.
    mutating func limit(_ name: StaticString) throws(RuntimeError) -> Limit? {
        guard let value = value(name) else { return nil }
        return try Limit(value)
    }

    /// Reads a limit. Engines send 0 for "unset", so 0 means the same as an absent property.
    mutating func positiveLimit(_ name: StaticString) throws(RuntimeError) -> Limit? {
        guard let limit = try limit(name), limit.number != 0 else { return nil }
        return limit
    }

    /// Reads a weight. docker sends 0 for "unset", so 0 means the same as an absent property.
    mutating func weight(_ name: StaticString) throws(RuntimeError) -> Weight? {
        guard let value = value(name), value.integer(as: UInt16.self) != 0 else { return nil }
        return try Weight(value)
    }
}
