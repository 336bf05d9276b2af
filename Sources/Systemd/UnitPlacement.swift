public import Bytes
public import Errors

/// The unit of a container, and the slice that the unit is in, as `linux.cgroupsPath` names them for systemd:
/// "slice:prefix:name". The specification leaves the form to the runtime (config-linux.md, "Cgroups Path"); this one is runc's,
/// which engines use.
public struct UnitPlacement: Equatable, Sendable {
    /// The slice that the unit is in: "system.slice". The root slice is "-.slice".
    public let slice: ByteString
    /// The name of the unit: "prefix-name.scope", or that of a slice.
    public let unit: ByteString

    /// The longest name of a unit: systemd.unit(5).
    private static let longestName = 255
    private static let pointer = "/linux/cgroupsPath"
    private static let sliceSuffix: ByteString = ".slice"

    /// Reads `linux.cgroupsPath`.
    ///
    /// - Parameters:
    ///   - cgroupsPath: the property. nil or an empty text means ":runc:ID", because tools look for units named like that.
    ///   - id: the container's id.
    ///   - isRootless: whether the user's own systemd has the unit. Then an empty slice means user.slice, not system.slice.
    /// - Throws: `invalidConfig` if the text hasn't that form, or if systemd wouldn't accept the names.
    public init(_ cgroupsPath: ByteString?, id: ByteString, isRootless: Bool) throws(RuntimeError) {
        let text = cgroupsPath.flatMap { $0.isEmpty ? nil : $0 } ?? ":runc:" + id
        let parts = text.split(separator: UInt8(ascii: ":"))
        guard parts.count == 3 else {
            throw RuntimeError(
                .invalidConfig,
                "the cgroup path " + SystemdManager.quoted(text) + " hasn't the form slice:prefix:name, which systemd needs",
                pointer: UnitPlacement.pointer,
                hint: "set the engine's cgroup driver to systemd, or leave out --systemd-cgroup")
        }
        switch parts[0] {
        case "": slice = isRootless ? "user.slice" : "system.slice"
        case "-": slice = "-.slice"
        default: slice = parts[0]
        }
        guard UnitPlacement.ancestors(of: slice) != nil else { throw UnitPlacement.badSlice(slice) }
        let name = parts[2]
        let isSlice = name.hasSuffix(UnitPlacement.sliceSuffix)
        unit = isSlice ? name : parts[1] + "-" + name + ".scope"
        if isSlice {
            // The root slice is the whole system.
            guard let ancestors = UnitPlacement.ancestors(of: unit), !ancestors.isEmpty else {
                throw UnitPlacement.badSlice(unit)
            }
        } else {
            guard !name.isEmpty, UnitPlacement.isUnitName(unit) else {
                throw RuntimeError(
                    .invalidConfig,
                    "the cgroup path " + SystemdManager.quoted(text) + " gives " + SystemdManager.quoted(unit)
                        + ", which systemd doesn't accept as the name of a unit",
                    pointer: UnitPlacement.pointer,
                    hint: "the name of a unit has at most 255 characters: letters, digits, \"-\", \"_\", \".\", \"\\\" and \"@\"")
            }
        }
    }

    /// Whether the unit is a slice. Then `slice` is only what the unit wants: the unit's own name says where it is.
    public var isSlice: Bool { unit.hasSuffix(UnitPlacement.sliceSuffix) }

    /// The path of the unit's cgroup, below the cgroup of the manager that has the unit: "system.slice/runc-a.scope".
    ///
    /// The unit's property ControlGroup is what counts in the end: systemd writes "_" before a name that could be that of a
    /// file of the kernel's, such as "cpu.slice".
    public var cgroupPath: ByteString {
        guard !isSlice, let path = UnitPlacement.cgroupPath(ofSlice: slice), !path.isEmpty else {
            return UnitPlacement.cgroupPath(ofSlice: unit) ?? unit
        }
        return path + "/" + unit
    }

    /// The path of a slice's cgroup: "test-a-b.slice" is in "test-a.slice", and that in "test.slice". See systemd.slice(5).
    ///
    /// - Parameter slice: the name of the slice.
    /// - Returns: the path without "/" at its start, empty for the root slice; nil if the name isn't that of a slice.
    public static func cgroupPath(ofSlice slice: ByteString) -> ByteString? {
        guard let ancestors = ancestors(of: slice) else { return nil }
        var path: ByteString = ""
        for (index, ancestor) in ancestors.enumerated() { path = index == 0 ? ancestor : path + "/" + ancestor }
        return path
    }

    /// The slices from the root down to this one, without the root; nil if the name isn't that of a slice.
    private static func ancestors(of slice: ByteString) -> [ByteString]? {
        guard slice.hasSuffix(sliceSuffix), isUnitName(slice) else { return nil }
        let stem = ByteString(slice.bytes.dropLast(sliceSuffix.count))
        if stem == "-" { return [] }
        var slices: [ByteString] = []
        var prefix: ByteString = ""
        for part in stem.split(separator: UInt8(ascii: "-")) {
            guard !part.isEmpty else { return nil }
            prefix = prefix.isEmpty ? part : prefix + "-" + part
            slices.append(prefix + sliceSuffix)
        }
        return slices
    }

    /// Whether systemd accepts the name, which has the suffix of a type: systemd.unit(5).
    private static func isUnitName(_ name: ByteString) -> Bool {
        guard name.count <= longestName, let first = name.bytes.first, first != UInt8(ascii: "@") else { return false }
        return name.bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "\\"),
                UInt8(ascii: "@"):
                true
            default: byte.isLetter || byte.isDigit
            }
        }
    }

    private static func badSlice(_ slice: ByteString) -> RuntimeError {
        RuntimeError(
            .invalidConfig, SystemdManager.quoted(slice) + " isn't the name of a slice that a container can be in",
            pointer: pointer, hint: "give a name like \"machine-a.slice\", without \"/\": it's the slice a in the slice machine")
    }
}
