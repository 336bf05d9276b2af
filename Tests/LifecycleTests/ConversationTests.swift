import Cgroups
import Errors
import Linux
import Testing

@testable import Lifecycle

@Suite struct ConversationTests {
    private let host: Conversation
    private let process: Conversation
    /// The sockets of the conversation. What a test writes there needn't follow the script.
    private let sockets: (host: SharedDescriptor, process: SharedDescriptor)

    private static let whole = Script.create(isPlaced: false, asksForMapping: true, isMapped: true, waitsForHost: true)

    init() throws {
        sockets = try FileDescriptor.messagePair()
        host = Conversation(sockets.host, as: .host, Self.whole)
        process = Conversation(sockets.process, as: .process, Self.whole)
    }

    private func sends(_ message: Message, to end: SharedDescriptor) throws {
        try end.file.send(message.encoded())
    }

    @Test func messagesThatAreDueArrive() throws {
        let turns: [(from: Conversation, to: Conversation, message: Message)] = [
            (process, host, .needsMapping), (host, process, .mapped), (process, host, .mounted), (host, process, .equipped),
            (process, host, .ready), (host, process, .created),
        ]
        for turn in turns {
            try turn.from.say(turn.message)
            #expect(try turn.to.hear()?.message.kind == turn.message.kind)
        }
    }

    @Test func nothingIsSaidOutOfTurn() throws {
        let tooEarly = try #require(throws: RuntimeError.self) { try process.say(.mounted) }
        #expect(tooEarly.sentence == "the container's process said \"mounted\" where \"needs mapping\" was due")
        try process.say(.needsMapping)
        #expect(throws: RuntimeError.self) { try process.say(.needsMapping) }
        // `mapped` is due, but the other side must send it.
        #expect(throws: RuntimeError.self) { try process.say(.mapped) }
    }

    @Test(arguments: [Message.mounted, .ready, .executing, .created, .listenerAt(3)])
    func messageThatIsTooEarlyIsAnError(message: Message) throws {
        try sends(message, to: sockets.process)
        let error = try #require(throws: RuntimeError.self) { try host.hear() }
        #expect(error.sentence.hasSuffix("where \"needs mapping\" was due"))
    }

    @Test func messageThatIsSaidTwiceIsAnError() throws {
        try sends(.needsMapping, to: sockets.process)
        try sends(.needsMapping, to: sockets.process)
        #expect(try host.hear()?.message.kind == .needsMapping)
        let error = try #require(throws: RuntimeError.self) { try host.hear() }
        #expect(error.sentence == "the container's process said \"needs mapping\" where \"mapped\" was due")
    }

    @Test func messageOfTheWrongSideIsAnError() throws {
        try process.say(.needsMapping)
        _ = try host.hear()
        // `mapped` is due, but Host must send it.
        try sends(.mapped, to: sockets.process)
        #expect(throws: RuntimeError.self) { try host.hear() }
        try sends(.needsMapping, to: sockets.host)
        #expect(throws: RuntimeError.self) { try process.hear() }
    }

    @Test func failureIsHeardAtAnyTimeByHostAlone() throws {
        process.fail(RuntimeError(.mount, "no such thing", pointer: "/mounts/0"))
        let error = try #require(throws: RuntimeError.self) { try host.hear() }
        #expect(error.sentence == "no such thing")
        #expect(error.pointer == "/mounts/0")
        try sends(.failed(RuntimeError(.system, "forged")), to: sockets.host)
        let forged = try #require(throws: RuntimeError.self) { try process.hear() }
        #expect(forged.sentence.contains("said \"failed\" where"))
    }

    @Test func nothingButTheEndFollowsTheScript() throws {
        let (ours, theirs) = try FileDescriptor.messagePair()
        let host = Conversation(ours, as: .host, .errand)
        try sends(.ready, to: theirs)
        _ = try host.hear()
        try sends(.ready, to: theirs)
        let error = try #require(throws: RuntimeError.self) { try host.hear() }
        #expect(error.sentence.hasSuffix("where \"end of the conversation\" was due"))
    }

    @Test func endIsNoMessage() throws {
        let (ours, theirs) = try FileDescriptor.messagePair()
        let host = Conversation(ours, as: .host, .errand)
        withExtendedLifetime(theirs) {}
        do {
            _ = consume theirs
        }
        #expect(try host.hear() == nil)
    }

    @Test func bytesThatAreNoMessageAreAnError() throws {
        for bytes in [[0], [200], [8, 1], [11, 0, 0, 0, 0], [1, 1]] as [[UInt8]] {
            let (ours, theirs) = try FileDescriptor.messagePair()
            try theirs.file.send(bytes)
            let error = try #require(throws: RuntimeError.self) { try Conversation(ours, as: .host, .errand).hear() }
            #expect(error.sentence == "the container's first process sent what is no message", "\(bytes)")
        }
    }

    @Test func scriptHasOnlyWhatTheContainerNeeds() {
        func kinds(_ script: Script) -> [Message.Kind] {
            var script = script
            // If two messages are due, the first one in this list is taken.
            let all: [Message.Kind] = [
                .placed, .needsMapping, .mapped, .mounted, .equipped, .terminal, .ready, .created, .executing, .listener,
                .listenerAt, .listening,
            ]
            var said: [Message.Kind] = []
            while let kind = all.first(where: { script.take($0) }) { said.append(kind) }
            return said
        }
        #expect(
            kinds(.create(isPlaced: false, asksForMapping: false, isMapped: false, waitsForHost: false)) == [.ready, .created])
        #expect(
            kinds(.create(isPlaced: true, asksForMapping: false, isMapped: true, waitsForHost: false))
                == [.placed, .mapped, .ready, .created])
        #expect(kinds(Self.whole) == [.needsMapping, .mapped, .mounted, .equipped, .ready, .created])
        #expect(kinds(.joining(hasTerminal: false)).isEmpty)
        #expect(
            kinds(.joining(hasTerminal: true).union(.exec(leavesSearch: true, notifies: true)))
                == [.terminal, .ready, .created, .executing, .listener, .listening])
        #expect(kinds(.exec(leavesSearch: false, notifies: false)) == [.created, .executing])
        #expect(kinds(.start(notifies: false)) == [.executing])
    }

    @Test func listenerIsSentOrFetchedButNotBoth() {
        for (one, other) in [(Message.Kind.listener, Message.Kind.listenerAt), (.listenerAt, .listener)] {
            var script = Script.start(notifies: true)
            let taken = [.executing, one, other, .listening].map { script.take($0) }
            #expect(taken == [true, true, false, true])
        }
    }

    @Test(arguments: [
        Message.needsMapping, .mapped, .mounted, .equipped, .terminal, .ready, .created, .executing, .listener, .listenerAt(77),
        .listening,
    ])
    func messagesSurviveTheirEncoding(message: Message) throws {
        let decoded = try #require(Message(decoding: message.encoded()))
        #expect(decoded.kind == message.kind)
        if case .listenerAt(let number) = decoded { #expect(number == 77) }
    }

    @Test(arguments: [
        CgroupRecord(path: "a.slice/b.scope", groups: [.init(mountPoint: "/sys/fs/cgroup", subsystems: "", existing: 0)]),
        CgroupRecord(
            path: "a\u{1}",
            groups: [
                .init(mountPoint: "/c/memory", subsystems: "memory", existing: 0),
                .init(mountPoint: "/c/systemd", subsystems: "name=systemd", existing: 0),
            ]),
        CgroupRecord(path: "a", groups: []),
    ])
    func placeSurvivesItsEncoding(cgroup: CgroupRecord) throws {
        let decoded = try #require(Message(decoding: Message.placed(cgroup).encoded()))
        guard case .placed(let found) = decoded else { throw RuntimeError(.system, "another message") }
        #expect(found == cgroup)
    }

    @Test func errorSurvivesItsEncoding() throws {
        let error = RuntimeError(
            .cgroup, "a sentence", step: "make cgroup", pointer: "/linux/cgroupsPath", path: "/a/b", call: "mkdirat",
            errno: .EACCES, hint: "advice")
        guard case .failed(let decoded)? = Message(decoding: Message.failed(error).encoded()) else {
            Issue.record("no error")
            return
        }
        #expect(decoded.code == error.code)
        #expect(decoded.sentence == error.sentence)
        #expect(decoded.step == error.step)
        #expect(decoded.pointer == error.pointer)
        #expect(decoded.path == error.path)
        #expect(decoded.call == error.call)
        #expect(decoded.errno == error.errno)
        #expect(decoded.hint == error.hint)
        // A message that is cut short is no message.
        let bytes = Message.failed(error).encoded()
        for length in 1..<bytes.count { #expect(Message(decoding: Array(bytes[..<length])) == nil) }
    }
}
