import Bytes
import Errors

extension LinuxConfig {
    func validate() throws(RuntimeError) {
        try validateNamespaces()
        try validateUserNamespace()
        try validateTimeOffsets()
        try validateNetDevices()
        try memoryPolicy?.validate(at: "/linux/memoryPolicy")
    }

    private func namespace(_ kind: Namespace.Kind) -> Namespace? { namespaces.first { $0.kind == kind } }

    private func validateNamespaces() throws(RuntimeError) {
        for (index, namespace) in namespaces.enumerated()
        where namespaces[..<index].contains(where: { $0.kind == namespace.kind }) {
            throw invalid("/linux/namespaces/" + String(index), "a namespace of the same type stands before it")
        }
    }

    private func validateUserNamespace() throws(RuntimeError) {
        try validateMappings(uidMappings, at: "/linux/uidMappings")
        try validateMappings(gidMappings, at: "/linux/gidMappings")
        guard !uidMappings.isEmpty || !gidMappings.isEmpty, namespace(.user) == nil else { return }
        throw invalid(
            uidMappings.isEmpty ? "/linux/gidMappings" : "/linux/uidMappings", "needs a user namespace",
            hint: "add {\"type\": \"user\"} to /linux/namespaces")
    }

    /// Requires a new time namespace: the kernel accepts offsets only while no process is in the namespace, so the offsets of a
    /// joined namespace can't be written (time_namespaces(7)).
    private func validateTimeOffsets() throws(RuntimeError) {
        guard timeOffsets?.monotonic != nil || timeOffsets?.boottime != nil else { return }
        guard let namespace = namespace(.time) else {
            throw invalid("/linux/timeOffsets", "needs a time namespace", hint: "add {\"type\": \"time\"} to /linux/namespaces")
        }
        guard namespace.path == nil else {
            throw invalid("/linux/timeOffsets", "needs a new time namespace; the offsets of one that is joined can't be changed")
        }
    }

    private func validateNetDevices() throws(RuntimeError) {
        guard !netDevices.isEmpty else { return }
        guard namespace(.network) != nil else {
            throw invalid(
                "/linux/netDevices", "needs a network namespace", hint: "add {\"type\": \"network\"} to /linux/namespaces")
        }
        var names = SortedSet<ByteString>()
        for device in netDevices {
            let name = device.name ?? device.host
            // A name with "%d" is a pattern: the kernel inserts a free number.
            guard !name.text.contains(UInt8(ascii: "%")), !names.insert(name.text) else { continue }
            throw invalid(
                "/linux/netDevices/" + device.host.text.escapedForJSONPointer,
                "the name " + quoted(name.text) + " is taken by a device before it")
        }
    }
}

/// Checks id mappings by the kernel's rules: user_namespaces(7), "Defining user and group ID mappings".
@inline(never)
func validateMappings(_ mappings: [IDMapping], at pointer: String) throws(RuntimeError) {
    guard mappings.count <= 340 else {
        throw invalid(pointer, "has " + String(mappings.count) + " entries, the kernel takes 340")
    }
    for (index, mapping) in mappings.enumerated() {
        func entry() -> String { pointer + "/" + String(index) }
        guard mapping.size <= UInt32.max - max(mapping.containerID, mapping.hostID) else {
            throw invalid(entry(), "reaches beyond the highest id, 4294967294")
        }
        for earlier in mappings[..<index] {
            if overlap(mapping.containerID, earlier.containerID, mapping.size, earlier.size) {
                throw invalid(entry(), "maps ids of the container that an entry before it maps already")
            }
            if overlap(mapping.hostID, earlier.hostID, mapping.size, earlier.size) {
                throw invalid(entry(), "maps ids of the host that an entry before it maps already")
            }
        }
    }
}

private func overlap(_ first: UInt32, _ second: UInt32, _ firstSize: UInt32, _ secondSize: UInt32) -> Bool {
    first < second ? second - first < firstSize : first - second < secondSize
}

extension MemoryPolicy {
    /// MPOL_… of linux/mempolicy.h.
    enum Mode {
        static let `default`: UInt32 = 0
        static let preferred: UInt32 = 1
        static let bind: UInt32 = 2
        static let interleave: UInt32 = 3
        static let local: UInt32 = 4
        static let preferredMany: UInt32 = 5
        static let weightedInterleave: UInt32 = 6
    }

    /// MPOL_F_… of linux/mempolicy.h.
    enum Flag {
        static let staticNodes: UInt32 = 1 << 15
        static let relativeNodes: UInt32 = 1 << 14
        static let numaBalancing: UInt32 = 1 << 13
    }

    /// set_mempolicy(2), "Description" and "Errors".
    fileprivate func validate(at pointer: String) throws(RuntimeError) {
        try validateFlags(at: pointer + "/flags")
        switch mode {
        case Mode.default, Mode.local:
            guard nodes == nil else { throw invalid(pointer + "/nodes", "MPOL_DEFAULT and MPOL_LOCAL have no nodes") }
        case Mode.preferred: break
        default:
            guard nodes != nil else { throw invalid(pointer, "this mode needs nodes") }
        }
    }

    private func validateFlags(at pointer: String) throws(RuntimeError) {
        let nodeFlags = flags & (Flag.staticNodes | Flag.relativeNodes)
        guard nodeFlags != Flag.staticNodes | Flag.relativeNodes else {
            throw invalid(pointer, "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other")
        }
        guard flags & Flag.numaBalancing == 0 || mode == Mode.bind || mode == Mode.preferredMany else {
            throw invalid(pointer, "MPOL_F_NUMA_BALANCING goes with MPOL_BIND and MPOL_PREFERRED_MANY only")
        }
        guard nodeFlags == 0 || nodes != nil || mode == Mode.default else {
            throw invalid(pointer, "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES need nodes")
        }
    }
}
