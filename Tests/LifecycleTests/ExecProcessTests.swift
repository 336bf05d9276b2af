import Bytes
import Linux
import OCI
import Testing

@testable import Lifecycle

@Suite struct ExecProcessTests {
    private func resolve(_ members: String, _ options: ExecOptions = ExecOptions(id: "c")) throws -> Process {
        let text = #"{"args":["true"],"cwd":"/","user":{"uid":0,"gid":0}\#(members)}"#
        let file = try FileDescriptor.memory(holding: Array(text.utf8))
        var options = options
        options.processFile = "/proc/self/fd/" + ByteString(decimal: file.rawValue)
        var warnings: [String] = []
        let own = #""process":{"args":["sh"],"cwd":"/","user":{"uid":0,"gid":0},"apparmorProfile":"p","selinuxLabel":"l"}"#
        let process = try ExecProcess.resolve(options, config(own), warnings: &warnings)
        withExtendedLifetime(file) {}
        return process
    }

    // As in runc and crun: an engine's file need not say what confines the container.
    @Test func processOfAFileWithoutLabelsHasTheContainers() throws {
        let process = try resolve("")
        #expect(process.apparmorProfile == "p" && process.selinuxLabel == "l")
    }

    @Test func labelsOfTheFileAndOfOptionsGoBeforeTheContainers() throws {
        let process = try resolve(#","apparmorProfile":"q","selinuxLabel":"m""#)
        #expect(process.apparmorProfile == "q" && process.selinuxLabel == "m")
        var options = ExecOptions(id: "c")
        options.selinuxLabel = "n"
        #expect(try resolve(#","selinuxLabel":"m""#, options).selinuxLabel == "n")
    }
}
