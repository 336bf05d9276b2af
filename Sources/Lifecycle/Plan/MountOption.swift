public import Bytes
public import Linux

/// What one word of a mount's `options` asks for. Source: runtime-spec, config.md, "Linux mount options".
public enum MountOption: Sendable {
    /// Attributes of the mount, to be set and cleared.
    case attributes(MountAttributes)
    /// The same for all mounts below it too.
    case recursiveAttributes(MountAttributes)
    /// A property of the file system itself, under the name that fsconfig(2) knows.
    case fileSystem(StaticString)
    /// How mount events spread: shared, slave, private, unbindable.
    case propagation(MountPropagation, recursive: Bool)
    case bind(recursive: Bool)
    case remount
    /// Fill the tmpfs with what the mount point held.
    case copyUp
    case mapIDs(recursive: Bool)
    /// Takes back an earlier `relatime`, as in mount(8): what the mount had before counts.
    case withoutRelativeAccessTime(recursive: Bool)
    /// What every mount is unless told otherwise, or what the mount API has no use for.
    case nothing
    /// An option that takes no value, or not this one.
    case refusedValue

    private static func set(_ bits: MountAttributes.Flags) -> MountAttributes { MountAttributes(set: bits) }
    private static func clear(_ bits: MountAttributes.Flags) -> MountAttributes { MountAttributes(clear: bits) }
    /// The access time bits are a number, not flags: all are cleared whenever one is set.
    private static func accessTime(_ bits: MountAttributes.Flags) -> MountAttributes {
        MountAttributes(set: bits, clear: .accessTimes)
    }

    /// The attribute options: each has a recursive sibling with an "r" before its name.
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
        // Kernel messages about a failed mount: fsopen's context keeps them for its caller in any case.
        ("silent", .nothing), ("loud", .nothing),
        ("remount", .remount), ("tmpcopyup", .copyUp), ("idmap", .mapIDs(recursive: false)), ("ridmap", .mapIDs(recursive: true)),
    ]

    /// What mount(8) keeps to itself or to fstab(5), and never hands to the kernel. `user` and its like forbid what a user's own
    /// medium could do harm with; `nofail` has no effect: a source that is missing stays an error.
    private static let fstabOptions: [(name: StaticString, option: MountOption)] = [
        ("auto", .nothing), ("noauto", .nothing), ("nofail", .nothing), ("_netdev", .nothing), ("nouser", .nothing),
        ("user", .attributes(set(userRestrictions))), ("users", .attributes(set(userRestrictions))),
        ("owner", .attributes(set(ownerRestrictions))), ("group", .attributes(set(ownerRestrictions))),
    ]
    private static let ownerRestrictions = MountAttributes.Flags(rawValue: 0x6)
    private static let userRestrictions = MountAttributes.Flags(rawValue: 0xE)

    /// What an option means: nil for one that is the file system's own.
    public static func named(_ option: ByteString) -> MountOption? {
        for entry in attributeOptions {
            if option == entry.name { return .attributes(entry.attributes) }
            if option == entry.recursiveName { return .recursiveAttributes(entry.attributes) }
        }
        for entry in otherOptions where option == entry.name { return entry.option }
        for entry in fstabOptions where option == entry.name { return entry.option }
        if option.hasPrefix("x-") { return .nothing }
        guard let (name, value) = option.splitOnce(separator: UInt8(ascii: "=")) else { return nil }
        return named(name, value: value)
    }

    /// mount(8) takes `ro=recursive` for `rro`, and so on. No other of our options has a value, and none may be lost: `ro` would be a
    /// mount that can be written to.
    private static func named(_ name: ByteString, value: ByteString) -> MountOption? {
        for entry in attributeOptions where name == entry.name || name == entry.recursiveName {
            return name == entry.name && value == "recursive" ? .recursiveAttributes(entry.attributes) : .refusedValue
        }
        if otherOptions.contains(where: { name == $0.name }) { return .refusedValue }
        return name == "comment" ? .nothing : nil
    }

    /// All names that are known, for `features`.
    public static var names: [StaticString] {
        attributeOptions.map { $0.name } + attributeOptions.map { $0.recursiveName } + otherOptions.map { $0.name }
            + fstabOptions.map { $0.name }
    }
}
