import Testing

@testable import OCI

/// The configurations that docker, containerd, podman and buildah wrote.
@Suite struct SamplesTests {
    @Test func thereAreSamplesOfAllEngines() {
        for engine in ["docker", "ctr", "podman", "buildah"] {
            #expect(Samples.names(".config.json").contains { $0.hasPrefix(engine) })
        }
        #expect(!Samples.names(".process.json").isEmpty)
    }

    @Test(arguments: Samples.names(".config.json")) func knowsEveryPropertyOfAConfig(_ name: String) throws {
        let config = try Config(parsing: Samples.read(name))
        #expect(config.unknownProperties == [])
        #expect(config.process?.args.isEmpty == false)
        #expect(config.linux.namespaces.contains { $0.kind == .mount })
    }

    @Test(arguments: Samples.names(".process.json")) func decodesWhatExecIsGiven(_ name: String) throws {
        #expect(try Process.parse(Samples.read(name)).process.args.isEmpty == false)
    }
}
