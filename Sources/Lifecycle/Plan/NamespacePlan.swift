import Bytes
import Errors
import Linux
import OCI

/// Which namespaces are made, which are joined, and in which order that has to be.
struct NamespacePlan: Sendable {
    enum Origin: Equatable, Sendable {
        /// The caller's own.
        case inherited
        case new
        case joined
    }

    struct Join: Sendable {
        let kind: Namespace.Kind
        let path: ByteString
        let index: Int

        var pointer: String { "/linux/namespaces/" + String(index) + "/path" }
    }

    /// All that are made.
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

    func has(_ kind: Namespace.Kind) -> Bool { origin(of: kind) != .inherited }

    /// Whether one clone3 makes all namespaces at once, or Init makes them one after another.
    ///
    /// A user namespace that is joined has to be entered before the others are made in it. And a pid or time namespace that is joined
    /// lies outside a new user namespace: it must be chosen while there are rights on it. (The others Host can choose for its child.)
    var isStaged: Bool {
        switch origin(of: .user) {
        case .joined: true
        case .new: origin(of: .pid) == .joined || origin(of: .time) == .joined
        case .inherited: false
        }
    }

    /// Whether Init leaves its place to another process: a pid namespace takes only those born into it.
    var hasSuccessor: Bool { origin(of: .pid) == .joined || (isStaged && origin(of: .pid) == .new) }

    /// The flags of the first clone3. A cgroup namespace takes as its root the cgroup that its maker is in, and a time namespace holds
    /// only children and what is executed: both are made by Init.
    var cloneFlags: NamespaceKinds { isStaged ? [] : new.subtracting([.cgroup, .time]) }

    /// Made by Init when it has entered its user namespace.
    var stagedFlags: NamespaceKinds { isStaged ? new.subtracting([.cgroup, .time, .user, .pid]) : [] }

    /// Those that Host enters before the clone and leaves after it: from inside a new user namespace there are no rights on them.
    var joinedByHost: [Join] {
        guard !isStaged, origin(of: .user) == .new else { return [] }
        return joins.filter { [.network, .ipc, .uts, .mount].contains($0.kind) }
    }
}

extension Namespace.Kind {
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

    /// As in `/proc/PID/ns`.
    var fileName: ByteString {
        switch self {
        case .network: "net"
        case .mount: "mnt"
        default: ByteString(stringLiteral: name)
        }
    }
}
