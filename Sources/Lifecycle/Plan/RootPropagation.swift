import Linux
import OCI

/// How mount events propagate between the host and the container: config-linux.md, "Rootfs Mount Propagation".
enum RootPropagation {
    case shared(recursive: Bool)
    case slave(recursive: Bool)
    case `private`(recursive: Bool)
    case unbindable(recursive: Bool)

    /// Reads the property. The default is rslave: mounts made on the host appear in the container, but not the other way round.
    init(_ property: Propagation?) {
        self =
            switch property {
            case .shared: .shared(recursive: false)
            case .recursiveShared: .shared(recursive: true)
            case .slave: .slave(recursive: false)
            case .recursiveSlave, nil: .slave(recursive: true)
            case .private: .private(recursive: false)
            case .recursivePrivate: .private(recursive: true)
            case .unbindable: .unbindable(recursive: false)
            case .recursiveUnbindable: .unbindable(recursive: true)
            }
    }

    var kind: MountPropagation {
        switch self {
        case .shared: .shared
        case .slave: .slave
        case .private: .private
        case .unbindable: .unbindable
        }
    }

    var isShared: Bool { if case .shared = self { true } else { false } }

    var isRecursive: Bool {
        switch self {
        case .shared(let recursive), .slave(let recursive), .private(let recursive), .unbindable(let recursive): recursive
        }
    }

    /// The propagation that the copy of a host's mount gets.
    ///
    /// If config.json asks for a shared root, the copy stays what it is, a peer of its original: nil. In all other cases, mounts
    /// inside must not reach the host.
    var ofCopies: MountPropagation? {
        switch self {
        case .shared: nil
        case .slave: .slave
        case .private, .unbindable: .private
        }
    }
}
