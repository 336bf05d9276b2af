public import Errors

/// A file descriptor with several owners, or one in a list: closed with the last of them.
public final class SharedDescriptor: Sendable {
    private let descriptor: FileDescriptor

    public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    public var rawValue: Int32 { descriptor.rawValue }

    /// Another descriptor of the same open file.
    public func duplicate() throws(SystemError) -> FileDescriptor { try descriptor.duplicate() }

    /// Lends the descriptor to functions that take one.
    public func with<Result: ~Copyable, Failure>(_ body: (borrowing FileDescriptor) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        try body(descriptor)
    }
}
