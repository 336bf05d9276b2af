import Bytes
import Errors
import Linux
import OCI

/// Which namespaces are made, which are joined, and in which order.
struct NamespacePlan: Sendable {
    /// Where a namespace of the container comes from.
    enum Origin: Equatable, Sendable {
        /// The caller's own.
        case inherited
        case new
        case joined
    }

    /// A namespace that is joined by its path.
    struct Join: Sendable {
        let kind: Namespace.Kind
        let path: ByteString
        /// The index in `/linux/namespaces`.
        let index: Int

        var pointer: String { "/linux/namespaces/" + String(index) + "/path" }
    }

    /// The kinds of all namespaces that are made.
    let new: NamespaceKinds
    let joins: [Join]

    init(_ namespaces: [Namespace]) {
        var new: NamespaceKinds = []
        var joins: [Join] = []
        for (index, namespace) in namespaces.enumerated() {
            if let path = namespace.path {
                joins.append(Join(kind: namespace.kind, path: path, index: index))
            } else {
                new.insert(namespace.kind.flag)
            }
        }
        self.new = new
        self.joins = joins
    }

    func origin(of kind: Namespace.Kind) -> Origin {
        if new.contains(kind.flag) { return .new }
        return joins.contains { $0.kind == kind } ? .joined : .inherited
    }

    /// Whether config.json names a namespace of this kind, new or joined.
    func has(_ kind: Namespace.Kind) -> Bool { origin(of: kind) != .inherited }

    /// Whether Init makes the namespaces one after another. Otherwise one clone3 makes them at once.
    ///
    /// A joined user namespace must be entered before others can be made in it. If the user namespace is new, a joined pid or
    /// time namespace has another owner: Init must join it first, while it still has rights there. (Host itself enters joined
    /// namespaces of the other kinds before the clone: see `joinedByHost`.)
    var isStaged: Bool {
        switch origin(of: .user) {
        case .joined: true
        case .new: origin(of: .pid) == .joined || origin(of: .time) == .joined
        case .inherited: false
        }
    }

    /// Whether Init leaves its place to another process, since a pid namespace takes only processes that are born into it.
    var hasSuccessor: Bool { origin(of: .pid) == .joined || (isStaged && origin(of: .pid) == .new) }

    /// The flags of the first clone3. Init itself makes the cgroup and the time namespace: the root of a cgroup namespace is
    /// the cgroup of the process that makes it, and a process enters a new time namespace only by its next clone or execve.
    var cloneFlags: NamespaceKinds { isStaged ? [] : new.subtracting(lateFlags).subtracting([.cgroup, .time]) }

    /// The namespaces that Init makes after it has become root of its user namespace. The ipc namespace is always one of them:
    /// the folder of its message queues belongs to the user who makes it, and only a user of the container can label it.
    var lateFlags: NamespaceKinds {
        if isStaged { return new.subtracting([.cgroup, .time, .user, .pid]) }
        return origin(of: .user) == .new ? new.intersection(.ipc) : []
    }

    /// The namespaces that Host enters before the clone and leaves after it. From inside a new user namespace, Init has no
    /// rights on them.
    var joinedByHost: [Join] {
        guard !isStaged, origin(of: .user) == .new else { return [] }
        return joins.filter { [.network, .ipc, .uts, .mount].contains($0.kind) }
    }
}

extension Namespace.Kind {
    /// The kind as a flag of clone3 and setns(2).
    var flag: NamespaceKinds {
        switch self {
        case .pid: .pid
        case .network: .network
        case .mount: .mount
        case .ipc: .ipc
        case .uts: .uts
        case .user: .user
        case .cgroup: .cgroup
        case .time: .time
        }
    }

    /// The name of its file in `/proc/PID/ns`.
    var fileName: ByteString {
        switch self {
        case .network: "net"
        case .mount: "mnt"
        default: ByteString(stringLiteral: name)
        }
    }
}
