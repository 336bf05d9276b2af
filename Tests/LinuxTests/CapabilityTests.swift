import Bytes
import CLinux
import Testing

@testable import Linux

@Suite struct CapabilityTests {
    @Test(arguments: [
        ("CAP_CHOWN", CAP_CHOWN), ("CAP_SETFCAP", CAP_SETFCAP), ("CAP_SYS_ADMIN", CAP_SYS_ADMIN), ("CAP_NET_RAW", CAP_NET_RAW),
        ("CAP_SYS_TTY_CONFIG", CAP_SYS_TTY_CONFIG), ("CAP_AUDIT_READ", CAP_AUDIT_READ),
        ("CAP_CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE),
    ])
    func numbersNamesAsTheKernelDoes(name: String, number: Int32) {
        #expect(CapabilitySet.number(of: ByteString(name)) == Int(number))
        #expect(CapabilitySet.name(of: Int(number))?.displayText == name)
    }

    @Test func namesAllThatTheKernelHeadersKnow() {
        #expect(CapabilitySet.name(of: Int(CAP_LAST_CAP)) != nil)
        #expect(CapabilitySet.name(of: Int(CAP_LAST_CAP) + 1) == nil)
    }

    @Test(arguments: [
        "cap_chown", "CHOWN", "CAP_", "CAP_CHOWNS", "CAP_0", "CAP_41", "0", "CAP_CHOWN=ep", "CAP_CHOWN,CAP_KILL", "CAP_CHOWN ",
        "",
    ])
    func knowsNoOtherSpelling(name: String) { #expect(CapabilitySet.number(of: ByteString(name)) == nil) }
}
