import Errors
import Linux
import Testing

@testable import Lifecycle

@Suite struct PatienceTests {
    @Test func hearsAWordAndAnEnd() throws {
        let pipe = try FileDescriptor.pipe()
        try pipe.write.file.writeAll([1])
        for patience in [Patience.limited(0), .limited(1000), .endless] {
            guard case .ready = patience.wait(for: pipe.read.rawValue) else {
                Issue.record("not heard")
                return
            }
        }
    }

    @Test func saysWhichStepTookTooLong() throws {
        let pipe = try FileDescriptor.pipe()
        step(.waitForHost)
        let error = #expect(throws: RuntimeError.self) { try Patience.limited(1000).awaitWord(from: pipe.read.rawValue) }
        #expect(error?.code == .timeout)
        #expect(error?.message == "the container's process hasn't answered within 1 seconds, in step \"wait for Host\"")
    }
}
