public import Bytes
public import Linux

/// The meaning of one of a mount's `options`: config.md, "Linux mount options".
public enum MountOption: Sendable {
    /// Sets and clears attributes of the mount.
    case attributes(MountAttributes)
    /// Sets and clears attributes of the mount and of all mounts below it.
    case recursiveAttributes(MountAttributes)
    /// A flag of the file system itself, by its name in fsconfig(2).
    case fileSystem(StaticString)
    /// How mount events propagate: shared, slave, private, unbindable.
    case propagation(MountPropagation, recursive: Bool)
    case bind(recursive: Bool)
    case remount
    /// Copies the content of the mount point into the tmpfs.
    case copyUp
    /// Maps the ids, by the container's mapping or by one that the option gives: see IDMapOption.
    case mapIDs(recursive: Bool, by: ByteString?)
    /// Takes back an earlier `relatime`, as in mount(8): the mount keeps the setting that it had before.
    case withoutRelativeAccessTime(recursive: Bool)
    /// No effect: the default of every mount, or an option that the mount API doesn't need.
    case nothing
    /// A known option with a value that it doesn't take.
    case refusedValue

    private static func set(_ bits: MountAttributes.Flags) -> MountAttributes { MountAttributes(set: bits) }
    private static func clear(_ bits: MountAttributes.Flags) -> MountAttributes { MountAttributes(clear: bits) }
    /// The access time bits are a number, not flags, so all of them are cleared when one is set.
    private static func accessTime(_ bits: MountAttributes.Flags) -> MountAttributes {
        MountAttributes(set: bits, clear: .accessTimes)
    }

    /// The attribute options. Each has a recursive variant with an "r" before its name.
    private static let attributeOptions: [(name: StaticString, recursiveName: StaticString, attributes: MountAttributes)] = [
        ("ro", "rro", set(.readOnly)), ("rw", "rrw", clear(.readOnly)),
        ("nosuid", "rnosuid", set(.noSetUserID)), ("suid", "rsuid", clear(.noSetUserID)),
        ("nodev", "rnodev", set(.noDevices)), ("dev", "rdev", clear(.noDevices)),
        ("noexec", "rnoexec", set(.noExecution)), ("exec", "rexec", clear(.noExecution)),
        ("noatime", "rnoatime", accessTime(.noAccessTime)), ("atime", "ratime", MountAttributes(clear: .accessTimes)),
        ("relatime", "rrelatime", MountAttributes(clear: .accessTimes)),
        ("strictatime", "rstrictatime", accessTime(.strictAccessTime)),
        ("nostrictatime", "rnostrictatime", MountAttributes(clear: .accessTimes)),
        ("nodiratime", "rnodiratime", set(.noDirectoryAccessTime)),
        ("diratime", "rdiratime", clear(.noDirectoryAccessTime)),
        ("nosymfollow", "rnosymfollow", set(.noSymbolicLinks)),
        ("symfollow", "rsymfollow", clear(.noSymbolicLinks)),
    ]

    private static let otherOptions: [(name: StaticString, option: MountOption)] = [
        ("norelatime", .withoutRelativeAccessTime(recursive: false)),
        ("rnorelatime", .withoutRelativeAccessTime(recursive: true)),
        ("bind", .bind(recursive: false)), ("rbind", .bind(recursive: true)), ("defaults", .nothing),
        ("private", .propagation(.private, recursive: false)),
        ("rprivate", .propagation(.private, recursive: true)),
        ("shared", .propagation(.shared, recursive: false)),
        ("rshared", .propagation(.shared, recursive: true)),
        ("slave", .propagation(.slave, recursive: false)), ("rslave", .propagation(.slave, recursive: true)),
        ("unbindable", .propagation(.unbindable, recursive: false)),
        ("runbindable", .propagation(.unbindable, recursive: true)),
        ("sync", .fileSystem("sync")), ("async", .fileSystem("async")), ("dirsync", .fileSystem("dirsync")),
        ("lazytime", .fileSystem("lazytime")), ("nolazytime", .fileSystem("nolazytime")),
        ("iversion", .fileSystem("iversion")), ("noiversion", .fileSystem("noiversion")),
        ("mand", .fileSystem("mand")), ("nomand", .fileSystem("nomand")),
        // They concern kernel messages about a failed mount. fsopen's context keeps these messages for its caller in any case.
        ("silent", .nothing), ("loud", .nothing),
        ("remount", .remount), ("tmpcopyup", .copyUp), ("idmap", .mapIDs(recursive: false, by: nil)),
        ("ridmap", .mapIDs(recursive: true, by: nil)),
    ]

    /// Options of mount(8) and fstab(5) that never reach the kernel. `user` and the like set the restrictions that make a
    /// user's own medium harmless. `nofail` has no effect: a missing source stays an error.
    private static let fstabOptions: [(name: StaticString, option: MountOption)] = [
        ("auto", .nothing), ("noauto", .nothing), ("nofail", .nothing), ("_netdev", .nothing), ("nouser", .nothing),
        ("user", .attributes(set(userRestrictions))), ("users", .attributes(set(userRestrictions))),
        ("owner", .attributes(set(ownerRestrictions))), ("group", .attributes(set(ownerRestrictions))),
    ]
    private static let ownerRestrictions = MountAttributes.Flags(rawValue: 0x6)
    private static let userRestrictions = MountAttributes.Flags(rawValue: 0xE)

    /// The meaning of an option: nil for an option of the file system.
    public static func named(_ option: ByteString) -> MountOption? {
        // None of the names in the tables has "=" or begins with "x-".
        if option.hasPrefix("x-") { return .nothing }
        if let (name, value) = option.splitOnce(separator: UInt8(ascii: "=")) { return named(name, value: value) }
        for entry in attributeOptions {
            if option == entry.name { return .attributes(entry.attributes) }
            if option == entry.recursiveName { return .recursiveAttributes(entry.attributes) }
        }
        for entry in otherOptions where option == entry.name { return entry.option }
        for entry in fstabOptions where option == entry.name { return entry.option }
        return nil
    }

    /// mount(8) takes `ro=recursive` for `rro`, and so on. No other option here takes a value. An unknown value must be
    /// refused: if `ro` were ignored for its sake, the mount would be writable.
    private static func named(_ name: ByteString, value: ByteString) -> MountOption? {
        for entry in attributeOptions where name == entry.name || name == entry.recursiveName {
            return name == entry.name && value == "recursive" ? .recursiveAttributes(entry.attributes) : .refusedValue
        }
        if name == "idmap" || name == "ridmap" { return .mapIDs(recursive: name == "ridmap", by: value) }
        if otherOptions.contains(where: { name == $0.name }) { return .refusedValue }
        return name == "comment" ? .nothing : nil
    }

    /// The names of all known options, for `features`.
    public static var names: [StaticString] {
        attributeOptions.map { $0.name } + attributeOptions.map { $0.recursiveName } + otherOptions.map { $0.name }
            + fstabOptions.map { $0.name }
    }
}
