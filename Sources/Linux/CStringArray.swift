public import Bytes
import CLinux

/// An array of C strings with a null pointer at its end, as execve(2) takes it. The memory is never freed: execve discards it.
public struct CStringArray {
    /// The first element of the array.
    public let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// Copies the texts.
    public init(_ texts: [ByteString]) {
        pointer = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { pointer[index] = text.withCString { strdup($0) } }
        pointer[texts.count] = nil
    }
}
