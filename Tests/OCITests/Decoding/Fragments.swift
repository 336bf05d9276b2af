import Bytes
import Errors
import OCI

/// The result of decoding a config: accepted, or the message, with the hint on a line of its own.
struct Verdict: Equatable, CustomStringConvertible {
    let text: String

    init(_ error: RuntimeError) { text = error.message + (error.hint.map { "\n" + $0 } ?? "") }

    private init(_ text: String) { self.text = text }

    static let accepted = Verdict("accepted")

    var description: String { text }
}

/// A config with the required properties and these members.
func config(_ members: String) -> [UInt8] {
    Array(#"{"ociVersion": "1.3.0", "root": {"path": "rootfs"}\#(members.isEmpty ? "" : ", ")\#(members)}"#.utf8)
}

func configWithLinux(_ members: String) -> [UInt8] { config(#""linux": {\#(members)}"#) }

func configWithProcess(_ members: String) -> [UInt8] {
    config(#""process": {"cwd": "/", "args": ["sh"]\#(members.isEmpty ? "" : ", ")\#(members)}"#)
}

func configWithResources(_ members: String) -> [UInt8] { configWithLinux(#""resources": {\#(members)}"#) }

func configWithSeccomp(_ members: String) -> [UInt8] {
    configWithLinux(#""seccomp": {"defaultAction": "SCMP_ACT_ALLOW", \#(members)}"#)
}

/// Decodes a config, and returns the result. An error of another code than `invalid-config` is never the expected one.
func verdict(_ text: [UInt8]) -> Verdict {
    do throws(RuntimeError) {
        _ = try Config(parsing: text)
        return .accepted
    } catch {
        return error.code.name.description == "invalid-config" ? Verdict(error) : Verdict(RuntimeError(.system, "wrong code"))
    }
}

/// The expected message, with its hint.
func says(_ message: String, _ hint: String? = nil) -> Verdict {
    Verdict(RuntimeError(.invalidConfig, message, hint: hint))
}
