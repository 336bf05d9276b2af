import Bytes
import OCI

@testable import Lifecycle

/// A config with the required properties and these members.
func config(_ members: String = "") throws -> Config {
    let text = #"{"ociVersion":"1.3.0","root":{"path":"rootfs"}"# + (members.isEmpty ? "" : "," + members) + "}"
    return try Config(parsing: Array(text.utf8))
}

/// The plan for namespaces such as "user pid=/proc/1/ns/pid": those with a path are joined.
func namespaces(_ list: String) throws -> NamespacePlan {
    let entries = list.split(separator: " ").map { entry in
        let parts = entry.split(separator: "=")
        return parts.count == 1
            ? #"{"type":"\#(parts[0])"}"# : #"{"type":"\#(parts[0])","path":"\#(parts[1])"}"#
    }
    return NamespacePlan(try config(#""linux":{"namespaces":[\#(entries.joined(separator: ","))]}"#).linux.namespaces)
}

let process = #""process":{"args":["true"],"cwd":"/","user":{"uid":0,"gid":0}}"#
