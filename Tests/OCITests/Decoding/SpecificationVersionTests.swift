import Testing

@testable import OCI

@Suite struct SpecificationVersionTests {
    private func verdictOfVersion(_ version: String) -> Verdict {
        verdict(Array(#"{"ociVersion": "\#(version)", "root": {"path": "r"}}"#.utf8))
    }

    @Test(arguments: ["1.0.0", "1.0.2-dev", "1.2.0+x", "1.3.0", "1.99.7-rc.1+build.007", "1.0.1-0-a", "1.18446744073709551616.0"])
    func takesEveryVersionOne(_ version: String) { #expect(verdictOfVersion(version) == .accepted) }

    @Test(arguments: ["0.5.0", "0.0.0", "2.0.0", "1.0.0-rc5", "2.0.0-rc1", "18446744073709551615.0.0"])
    func refusesWhatItDoesNotKnow(_ version: String) {
        #expect(
            verdictOfVersion(version)
                == says(
                    "/ociVersion: version \"\(version)\" of the specification isn't supported; known are 1.0.0 to below 2.0.0"))
    }

    @Test(arguments: [
        "", "1", "1.0", "1.0.0.0", "01.0.0", "1.00.0", "1.0.00", "1.0.x", "v1.0.0", " 1.0.0", "1.0.0-", "1.0.0+", "1.0.0-a..b",
        "1.0.0-01", "1.0.0-é", "1.0.0+a+b", "-1.0.0", "18446744073709551616.0.0",
    ])
    func refusesWhatIsNoVersion(_ version: String) {
        #expect(verdictOfVersion(version) == says("/ociVersion: \"\(version)\" is no version such as 1.3.0", "see semver.org"))
    }

    @Test func refusesANumber() {
        #expect(
            verdict(Array(#"{"ociVersion": 1, "root": {"path": "r"}}"#.utf8))
                == says("/ociVersion: expected a string, found the number 1"))
    }
}
