import Bytes
import CLinux
import Errors
import Linux
import Testing

@testable import OCI
@testable import Seccomp

@Suite struct ListenerTests {
    private let directory: TemporaryDirectory
    private let state = ContainerProcessState(
        ociVersion: "1.3.0", pid: 4422, metadata: "a \"b\"", state: Array("{\"id\":\"c1\"}".utf8))

    init() throws { directory = try TemporaryDirectory() }

    /// Opens a stream socket that listens at `name`, as an agent does.
    private func agent(_ name: ByteString) throws -> FileDescriptor {
        let agent = FileDescriptor(adopting: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        // Binds through a short path, since an address has room for only 107 bytes.
        let path = "/proc/self/fd/" + ByteString(decimal: directory.descriptor.rawValue) + "/" + name
        try #require(path.withCString { c_bind_unix(agent.rawValue, $0) } == 0)
        try #require(listen(agent.rawValue, 0) == 0)
        return agent
    }

    @Test(arguments: [
        "agent", "a-name-that-is-too-long-for-a-socket-address-as-soon-as-its-directory-is-before-it",
    ])
    func sendsTheListenerWithTheProcessState(name: ByteString) throws {
        let agent = try agent(name)
        let (listener, _) = try FileDescriptor.pipe()
        try SeccompListener.send(listener.file, to: directory.path + "/" + name, state)
        let connection = try agent.accept()
        let (bytes, descriptors) = try connection.receive(limit: 4096)
        let json = try JSONValue(parsing: bytes)
        #expect(json["ociVersion"]?.string == "1.3.0")
        #expect(json["fds"]?.elements.map { $0.string } == ["seccompFd"])
        #expect(json["pid"]?.integer(as: Int.self) == 4422)
        #expect(json["metadata"]?.string == "a \"b\"")
        #expect(json["state"]?["id"]?.string == "c1")
        var sent = stat()
        var received = stat()
        #expect(descriptors.count == 1)
        let arrived = try #require(descriptors.first)
        #expect(fstat(listener.rawValue, &sent) == 0 && fstat(arrived.rawValue, &received) == 0)
        #expect(sent.st_ino == received.st_ino && sent.st_dev == received.st_dev)
        // A connection carries one state, and is then closed.
        #expect(try connection.read(upTo: 1) == [])
    }

    @Test func sendsAStateThatIsLargerThanTheSocketsBuffer() async throws {
        let agent = try agent("agent")
        let path = directory.path + "/agent"
        let large = ContainerProcessState(
            ociVersion: "1.3.0", pid: 1, metadata: nil,
            state: [UInt8](repeating: UInt8(ascii: " "), count: 2_000_000) + [0x7B, 0x7D])
        async let sending: Void = {
            let (listener, _) = try FileDescriptor.pipe()
            try SeccompListener.send(listener.file, to: path, large)
        }()
        let connection = try agent.accept()
        var descriptors = 0
        var total = 0
        while true {
            let part = try connection.receive(limit: 65536)
            descriptors += part.descriptors.count
            total += part.bytes.count
            if part.bytes.isEmpty { break }
        }
        try await sending
        #expect(total == large.json.count)
        #expect(descriptors == 1)
    }

    @Test func leavesOutMetadataThatTheProfileLacks() throws {
        let json = try JSONValue(
            parsing: ContainerProcessState(ociVersion: "1.3.0", pid: 1, metadata: nil, state: Array("{}".utf8)).json)
        #expect(json["metadata"] == nil)
        #expect(json["state"]?.kind == .object)
    }

    @Test func saysWhereNoAgentListens() throws {
        let path = directory.path + "/nobody"
        let (listener, _) = try FileDescriptor.pipe()
        let error = #expect(throws: RuntimeError.self) {
            try SeccompListener.send(listener.file, to: path, state)
        }
        #expect(error?.code == .seccomp && error?.errno == .ENOENT && error?.path == path)
        #expect(error?.pointer == "/linux/seccomp/listenerPath")
    }

    @Test func doesNotWaitForEverForAnAgentThatDoesNotAccept() throws {
        let agent = try agent("agent")
        let path = directory.path + "/agent"
        // The agent's queue has room for one connection.
        let first = try FileDescriptor.connectStream(to: path, timeout: 100)
        let (listener, _) = try FileDescriptor.pipe()
        let error = #expect(throws: RuntimeError.self) {
            try SeccompListener.send(listener.file, to: path, state, patience: 100)
        }
        #expect(error?.code == .timeout)
        #expect(first.rawValue >= 0 && agent.rawValue >= 0)
    }

    @Test func needsAListenerOnlyWhereCallsAreNotified() {
        #expect(!SeccompListener.isNeeded(by: Seccomp(.errno, Seccomp.Rule(.allow, "read"))))
        #expect(SeccompListener.isNeeded(by: Seccomp(.errno, Seccomp.Rule(.notify, "mount"))))
        #expect(SeccompListener.isNeeded(by: Seccomp(.notify)))
    }

    @Test func takesProfilesThatLetTheListenerThrough() throws {
        let notify = Seccomp.Rule(.notify, "mount")
        for profile in [
            Seccomp(.allow, notify), Seccomp(.log, notify), Seccomp(.errno, notify, Seccomp.Rule(.allow, "read")),
            Seccomp(.allow, Seccomp.Rule(.notify, "sendmsg")), Seccomp(.errno, Seccomp.Rule(.notify, "read")),
            Seccomp(.notify, Seccomp.Rule(.allow, "read")),
        ] {
            #expect(throws: Never.self) { try SeccompListener.check(profile) }
        }
    }

    @Test func refusesProfilesThatHoldTheListenerBack() throws {
        let notify = Seccomp.Rule(.notify, "mount")
        let cases: [(Seccomp, String)] = [
            (Seccomp(.allow, notify, Seccomp.Rule(.errno, "read", where: [.init(0, .equal, 3)])), "/linux/seccomp/syscalls/1"),
            (Seccomp(.notify), "/linux/seccomp/defaultAction"),
            (Seccomp(.errno, notify), "/linux/seccomp/defaultAction"),
            (
                Seccomp(.errno, notify, Seccomp.Rule(.allow, "read", where: [.init(0, .equal, 3)])),
                "/linux/seccomp/defaultAction"
            ),
        ]
        for (profile, pointer) in cases {
            let error = #expect(throws: RuntimeError.self) { try SeccompFilter.program(for: profile) }
            #expect(error?.pointer == pointer && error?.code == .unsupported)
        }
    }
}
