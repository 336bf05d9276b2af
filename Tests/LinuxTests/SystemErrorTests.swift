import CLinux
import Errors
import Testing

@Suite struct SystemErrorTests {
    @Test func saysItsSentenceAsGoDoes() {
        #expect(SystemError("open", errno: .ENOENT).text == "no such file or directory")
        #expect(SystemError("open", errno: .EIO).text == "input/output error")
    }

    @Test(arguments: Int32(1)...140) func saysWhatTheCLibrarySays(_ errno: Int32) {
        let theirs = strerrordesc_np(errno).map { String(cString: $0) } ?? "unknown error \(errno)"
        #expect(SystemError.text(of: Errno(rawValue: errno)).lowercased() == theirs.lowercased())
    }

    /// The kernel has error numbers that programs should never see: 524 is ENOTSUPP.
    @Test(arguments: [524, 0, -1, 41, 134] as [Int32]) func saysTheNumberOfAnErrorWithoutSentence(_ errno: Int32) {
        #expect(SystemError("bpf", errno: Errno(rawValue: errno)).text == "unknown error \(errno)")
    }
}
