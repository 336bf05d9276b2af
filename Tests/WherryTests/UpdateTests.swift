import Bytes
import Errors
import Testing

@testable import wherry

@Suite struct UpdateTests {
    private func document(_ line: String) throws -> String {
        let arguments = try Update.command.parse(line.split(separator: " ").map { ByteString(String($0)) }[...])
        return String(decoding: try Update.document(arguments), as: UTF8.self)
    }

    @Test func writesEachOptionAsItsProperty() throws {
        let line = """
            ID --memory 512m --memory-reservation 1k --memory-swap -1 --cpu-share 512 --cpu-quota -1 --cpu-period 1000 \
            --cpu-burst 0 --cpu-rt-runtime 5 --cpu-rt-period 6 --cpu-idle 1 --cpuset-cpus 0-1 --cpuset-mems 0 --pids-limit 9 \
            --blkio-weight 10
            """
        let expected = """
            {"memory":{"limit":536870912,"reservation":1024,"swap":-1},"cpu":{"shares":512,"quota":-1,"period":1000,"burst":0,\
            "realtimeRuntime":5,"realtimePeriod":6,"idle":1,"cpus":"0-1","mems":"0"},"pids":{"limit":9},"blockIO":{"weight":10}}
            """
        #expect(try document(line) == expected)
    }

    @Test func writesNothingThatWasNotGiven() throws {
        #expect(try document("ID") == "{}")
        #expect(try document("ID --memory= --cpuset-cpus=") == "{}")
        #expect(try document("ID --pids-limit=5") == "{\"pids\":{\"limit\":5}}")
    }

    @Test(arguments: ["--memory 5q", "--memory -2", "--cpu-quota 1.5", "--pids-limit many", "--cpu-share 0x10"])
    func refusesWhatIsNoNumber(_ options: String) throws {
        #expect(throws: RuntimeError.self) { try document("ID " + options) }
    }
}
