// The messages between Host, which runs outside the container, and Init, which becomes the container's process.
//
//     create:   Host                                   Init
//               clone3 ──────────────────────────────► (may send `failed` at any time)
//                          ─── placed ───────────►     only with a unit of systemd's
//                          ◄── needsMapping ──────     only if it made its user namespace itself
//                          ─── mapped ───────────►     only with a new user namespace
//                          ◄── mounted ───────────     only if Host has to move network devices or to run hooks now
//                          ─── equipped ─────────►
//                          ◄── ready + terminal ──     the terminal's controller comes along if there is one
//                          ─── created ──────────►
//               end of file: Init no longer dies with Host
//
//     exec:     Host                                   ExecInit, and the process that it clones
//                          ◄── terminal ──────────     from the first process, only with a terminal
//                          ◄── ready ─────────────     from the second process, only if it had to search for the program
//                          ─── created ──────────►     then the same as in start
//
//     start:    StartSession ── connects ─────────────► Init
//                          ◄── executing ─────────     the seccomp filter, if it isn't loaded yet, and execve come next
//                          ◄── listener + fd ─────     only with a seccomp filter that notifies …
//                          ◄── listenerAt ────────     … or this, before the filter, if the filter forbids sending descriptors
//                          ─── listening ────────►
//               end of file: the program runs          or `failed`

/// The kinds of messages that are still to come in a conversation, in the order of their numbers.
///
/// Each message may be sent once, and only when it's due. Processes of another container may share Init's pid namespace. One of
/// them that has CAP_SYS_PTRACE can take Init's end of the conversation (pidfd_getfd(2)) and send anything. So a message out of
/// turn is an error, and no message carries a pid: Host learns pids from the kernel, see Succession.
///
/// The script is a number, not an array, because a process that waits for `start` has given up the memory that would hold an
/// array.
struct Script: OptionSet, Sendable {
    private(set) var rawValue: UInt16

    init(rawValue: UInt16) { self.rawValue = rawValue }

    private init(_ kind: Message.Kind) { rawValue = 1 << UInt16(kind.rawValue) }

    static func | (one: Script, other: Script) -> Script { one.union(other) }

    /// The messages of `create`.
    ///
    /// - Parameters:
    ///   - isPlaced: Whether systemd makes the cgroup, around Init.
    ///   - asksForMapping: Whether Init makes its user namespace itself.
    ///   - isMapped: Whether the user namespace is new, so that Host maps its ids.
    ///   - waitsForHost: Whether Host moves network devices or runs hooks between the mounts and the change of root.
    /// - Returns: The script of both sides.
    static func create(isPlaced: Bool, asksForMapping: Bool, isMapped: Bool, waitsForHost: Bool) -> Script {
        var script = Script.readiness
        if isPlaced { script.formUnion(Script(.placed)) }
        if asksForMapping { script.formUnion(Script(.needsMapping)) }
        if isMapped { script.formUnion(Script(.mapped)) }
        if waitsForHost { script.formUnion(Script(.mounted) | Script(.equipped)) }
        return script
    }

    /// The last messages of `create`, between Host and the process that waits for `start`.
    static var readiness: Script { Script(.ready) | Script(.created) }

    /// The messages of exec's first process.
    static func joining(hasTerminal: Bool) -> Script { hasTerminal ? Script(.terminal) : Script() }

    /// The messages of exec's second process.
    ///
    /// - Parameters:
    ///   - leavesSearch: Whether the second process has to search for the program.
    ///   - notifies: Whether the seccomp filter has a listener.
    /// - Returns: The script of both sides.
    static func exec(leavesSearch: Bool, notifies: Bool) -> Script {
        (leavesSearch ? readiness : Script(.created)) | start(notifies: notifies)
    }

    /// The messages of a process that becomes its program.
    static func start(notifies: Bool) -> Script {
        notifies ? Script(.executing) | listeners | Script(.listening) : Script(.executing)
    }

    /// The message of a helper process that does one thing and reports that it's done.
    static var errand: Script { Script(.ready) }

    private static var listeners: Script { Script(.listener) | Script(.listenerAt) }

    /// The kinds that the next message may have: one, except that a listener is either sent or fetched.
    private var due: Script {
        let first = Script(rawValue: rawValue & (~rawValue &+ 1))
        return first.isSubset(of: Script.listeners) ? Script.listeners.intersection(self) : first
    }

    /// Removes a message that was sent or received from the script.
    ///
    /// - Parameter kind: The kind of the message.
    /// - Returns: false if the message wasn't due.
    mutating func take(_ kind: Message.Kind) -> Bool {
        let due = due
        guard due.contains(Script(kind)) else { return false }
        subtract(due)
        return true
    }

    /// The name of the message that is due, for error messages.
    var nameOfDue: String {
        let number = rawValue.trailingZeroBitCount
        return Message.Kind(rawValue: UInt8(number))?.name.description ?? "end of the conversation"
    }
}
