public import Errors

/// A file descriptor with several owners, or one in a collection. It's closed when the last owner is gone.
public final class SharedDescriptor: Sendable {
    public let file: FileDescriptor

    /// Takes ownership of a descriptor.
    public init(_ descriptor: consuming FileDescriptor) { file = descriptor }

    public var rawValue: Int32 { file.rawValue }

    /// Another descriptor of the same open file.
    public func duplicate() throws(SystemError) -> FileDescriptor { try file.duplicate() }
}
