import CLinux
import Errors
import Testing

@Suite struct SystemErrorTests {
    @Test func saysTheCLibrarysSentenceAsGoDoes() {
        #expect(SystemError("open", errno: ENOENT).text == "no such file or directory")
        #expect(SystemError("open", errno: EIO).text == "input/output error")
    }

    /// The kernel has numbers that no C library knows: 524 is ENOTSUPP.
    @Test func saysTheNumberOfAnErrorWithoutSentence() { #expect(SystemError("bpf", errno: 524).text == "unknown error 524") }
}
