import Bytes
import Testing

@Suite struct NearestTests {
    private let names: [StaticString] = ["create", "start", "state", "spec", "delete", "kill"]

    @Test(arguments: [
        ("creat", "create"), ("craete", "create"), ("strat", "start"), ("stat", "state"), ("del", "delete"), ("sp", "spec"),
        ("delet", "delete"), ("Kill", "kill"),
    ])
    func findsWhatWasMeant(_ typed: String, _ meant: String) {
        #expect(ByteString(typed).nearest(among: names)?.description == meant)
    }

    @Test(arguments: ["", "x", "s", "st", "zz", "frobnicate", "ps"]) func staysSilentWhereNothingIsNear(_ typed: String) {
        #expect(ByteString(typed).nearest(among: names) == nil)
    }
}
