import Bytes
import CVersion
import OCI
import Seccomp

enum Version {
    static var number: ByteString { "0.2.0" }

    static var commit: ByteString { ByteString(cString: c_commit()) }

    /// The output of `--version`. dockerd parses the words around "version", and the lines with the commit and the
    /// specification.
    static var text: [UInt8] {
        var text: [UInt8] = []
        text.append("wherry version ")
        text += number.bytes
        text.append("\ncommit: ")
        text += commit.bytes
        text.append("\nspec: ")
        text.append(Specification.version)
        text.append("\nlibseccomp: ")
        text += SeccompFeatures.libraryVersion.utf8
        text.append("\n")
        return text
    }
}
