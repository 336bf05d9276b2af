import Bytes
import Errors
import Linux
import OCI

/// The open files of the namespaces to join, each checked to be a namespace of the type that config.json gives.
struct NamespaceFiles {
    private struct Entry {
        let kind: Namespace.Kind
        let file: SharedDescriptor
        /// Whether this is the runtime's own namespace. Joining it gives the container no namespace of its own.
        let isHosts: Bool
    }

    private let entries: [Entry]

    /// Opens and checks the namespaces.
    init(_ plan: NamespacePlan, procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        var entries: [Entry] = []
        for join in plan.joins {
            let file = try explaining(
                .namespace, "the namespace file \"" + join.path.displayText + "\" can't be opened", pointer: join.pointer,
                path: join.path, FileDescriptor.open(join.path, flags: [.readOnly, .nonBlocking]))
            guard let kind = file.namespaceKind() else {
                throw RuntimeError(
                    .namespace, "\"" + join.path.displayText + "\" is not a namespace", pointer: join.pointer, path: join.path)
            }
            guard kind == join.kind.flag else {
                let name = Namespace.Kind.allCases.first { $0.flag == kind }?.name.description ?? "different"
                throw RuntimeError(
                    .namespace,
                    "\"" + join.path.displayText + "\" is a " + name + " namespace, not one of type "
                        + join.kind.name.description,
                    pointer: join.pointer, path: join.path)
            }
            let isHosts = try explaining(
                .namespace, "the runtime's own namespaces can't be looked at",
                NamespaceFiles.isHosts(file, join.kind, procfs))
            // pivot_root(2) in it would give the container's root to the runtime and to all processes beside it.
            guard !isHosts || join.kind != .mount else {
                throw RuntimeError(
                    .namespace, "\"" + join.path.displayText + "\" is the runtime's own mount namespace", pointer: join.pointer,
                    path: join.path,
                    hint: "leave the entry out: then the container shares that namespace, with a root of its own")
            }
            entries.append(Entry(kind: join.kind, file: SharedDescriptor(file), isHosts: isHosts))
        }
        self.entries = entries
    }

    private static func isHosts(_ file: borrowing FileDescriptor, _ kind: Namespace.Kind, _ procfs: borrowing ProcFileSystem)
        throws(SystemError) -> Bool
    {
        try procfs.namespace(kind.fileName, of: try procfs.own()).isSameFile(as: try file.status())
    }

    func file(of kind: Namespace.Kind) -> SharedDescriptor? { entries.first { $0.kind == kind }?.file }

    /// Whether the namespace of this kind is joined by its path, and is the runtime's own.
    func isHosts(_ kind: Namespace.Kind) -> Bool { entries.contains { $0.kind == kind && $0.isHosts } }

    var descriptors: [Int32] { entries.map { $0.file.rawValue } }

    /// Enters namespaces, runs `body`, and returns to the runtime's own namespaces.
    ///
    /// - Parameters:
    ///   - joins: The namespaces to enter.
    ///   - files: Their open files.
    ///   - procfs: The procfs of the runtime's pid namespace.
    ///   - body: What to do inside.
    /// - Throws: `namespace` if a namespace can't be entered or left, or the error of `body`.
    static func visiting(
        _ joins: [NamespacePlan.Join], _ files: NamespaceFiles, procfs: borrowing ProcFileSystem,
        _ body: () throws(RuntimeError) -> Void
    ) throws(RuntimeError) {
        guard !joins.isEmpty else { return try body() }
        var home: [(kind: Namespace.Kind, file: SharedDescriptor)] = []
        for join in joins {
            let own = try explaining(
                .namespace, "the runtime's own namespaces can't be opened",
                procfs.openNamespace(join.kind.fileName, of: try procfs.own()))
            home.append((join.kind, SharedDescriptor(own)))
        }
        do throws(RuntimeError) {
            for join in joins {
                guard let file = files.file(of: join.kind) else { continue }
                try explaining(
                    .namespace, "the namespace can't be joined", pointer: join.pointer, path: join.path,
                    file.file.enterNamespace(join.kind.flag))
            }
            try body()
            try enter(home)
        } catch {
            // What was made before is undone afterwards, by paths that mean the same only in the runtime's own namespaces.
            try? enter(home)
            throw error
        }
    }

    private static func enter(_ home: [(kind: Namespace.Kind, file: SharedDescriptor)]) throws(RuntimeError) {
        for (kind, file) in home {
            try explaining(.namespace, "the runtime can't return to its own namespaces", file.file.enterNamespace(kind.flag))
        }
    }
}
