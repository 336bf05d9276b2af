public import Bytes
import CLinux

/// Texts as execve(2) wants them, in memory that is never given back: execve does that.
public struct CStringArray {
    public let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    public init(_ texts: [ByteString]) {
        pointer = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { pointer[index] = text.withCString { strdup($0) } }
        pointer[texts.count] = nil
    }
}
