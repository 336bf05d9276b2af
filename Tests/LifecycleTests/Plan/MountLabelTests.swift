import Bytes
import Errors
import Linux
import Testing

@testable import Lifecycle

@Suite struct MountLabelTests {
    private let text: ByteString = "system_u:object_r:container_file_t:s0:c1,c2"

    private func label(_ annotations: String = "") throws -> MountLabel {
        try MountLabel(text, config(#""annotations":{\#(annotations)}"#), ownsQueues: true)
    }

    @Test func everyEntryOfMountsGetsTheLabel() throws {
        var warnings: [String] = []
        let plan = try RootfsPlan(
            config(#""mounts":[{"destination":"/a","type":"tmpfs"},{"destination":"/b","type":"devpts"}]"#), bundle: "/bundle",
            notifyFolder: nil, label: label(), warnings: &warnings)
        #expect(plan.mounts.map { $0.mountLabel?.text } == [text, text])
        #expect(plan.label?.text == text)
    }

    // A container whose own file systems lack the label couldn't use them.
    @Test(arguments: ["tmpfs", "ramfs", "devpts", "overlay", "proc", "sysfs", "mqueue"] as [ByteString])
    func labelIsNotLeftOutWhereAUserNamespaceCanSetIt(type: ByteString) throws {
        #expect(try !label().mayBeLeftOut(type, RuntimeError(.mount, "x", SystemError("fsconfig", errno: .EACCES))))
    }

    @Test func labelIsLeftOutWhereTheFileSystemHasOne() throws {
        for (errno, isLeftOut) in [(Errno.EINVAL, true), (.EBUSY, true), (.EACCES, true), (.EPERM, false), (.ENODEV, false)] {
            let error = RuntimeError(.mount, "x", SystemError("fsconfig", errno: errno))
            #expect(try label().mayBeLeftOut("debugfs", error) == isLeftOut)
        }
    }

    @Test(arguments: ["context", "fscontext", "defcontext", "rootcontext"]) func annotationMayNameAnOption(name: String) throws {
        _ = try label(#""run.oci.mount_context_type":"\#(name)""#)
    }

    @Test func annotationOfNoSuchOptionIsRefused() throws {
        let error = try #require(throws: RuntimeError.self) { try label(#""run.oci.mount_context_type":"size""#) }
        #expect(error.message.contains("\"size\" is no option for labels"))
        #expect(error.pointer == "/annotations/run.oci.mount_context_type")
    }
}
