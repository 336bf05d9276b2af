public import Bytes
import CLinux

/// The kernel's release, such as "6.1.0-18-amd64"; empty if the call fails. The corresponding system call is `uname`.
public func kernelRelease() -> ByteString {
    var names = utsname()
    guard uname(&names) == 0 else { return ByteString([]) }
    return withUnsafeBytes(of: &names.release) { ByteString(Array($0.prefix { $0 != 0 })) }
}
