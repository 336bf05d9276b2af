public import Bytes
import CLinux
public import Linux

/// What one word of a mount's `options` asks for. Source: runtime-spec, config.md, "Linux mount options".
public enum MountOption: Sendable {
    /// Attributes of the mount, to be set and cleared.
    case attributes(MountAttributes)
    /// The same for all mounts below it too.
    case recursiveAttributes(MountAttributes)
    /// A property of the file system itself, under the name that fsconfig(2) knows.
    case fileSystem(StaticString)
    /// MS_SHARED and so on, mount(2).
    case propagation(UInt64, recursive: Bool)
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

    private static func set(_ bits: UInt64) -> MountAttributes { MountAttributes(set: bits) }
    private static func clear(_ bits: UInt64) -> MountAttributes { MountAttributes(clear: bits) }
    /// The access time bits are a number, not flags: all are cleared whenever one is set.
    private static func accessTime(_ bits: UInt64) -> MountAttributes {
        MountAttributes(set: bits, clear: MountAttributes.accessTimes)
    }

    /// The attribute options: each has a recursive sibling with an "r" before its name.
    private static let attributeOptions: [(name: StaticString, recursiveName: StaticString, attributes: MountAttributes)] = [
        ("ro", "rro", set(MountAttributes.readOnly)), ("rw", "rrw", clear(MountAttributes.readOnly)),
        ("nosuid", "rnosuid", set(MountAttributes.noSetUserID)), ("suid", "rsuid", clear(MountAttributes.noSetUserID)),
        ("nodev", "rnodev", set(MountAttributes.noDevices)), ("dev", "rdev", clear(MountAttributes.noDevices)),
        ("noexec", "rnoexec", set(MountAttributes.noExecution)), ("exec", "rexec", clear(MountAttributes.noExecution)),
        ("noatime", "rnoatime", accessTime(MountAttributes.noAccessTime)), ("atime", "ratime", accessTime(0)),
        ("relatime", "rrelatime", accessTime(0)),
        ("strictatime", "rstrictatime", accessTime(MountAttributes.strictAccessTime)),
        ("nostrictatime", "rnostrictatime", accessTime(0)),
        ("nodiratime", "rnodiratime", set(MountAttributes.noDirectoryAccessTime)),
        ("diratime", "rdiratime", clear(MountAttributes.noDirectoryAccessTime)),
        ("nosymfollow", "rnosymfollow", set(MountAttributes.noSymbolicLinks)),
        ("symfollow", "rsymfollow", clear(MountAttributes.noSymbolicLinks)),
    ]

    private static let otherOptions: [(name: StaticString, option: MountOption)] = [
        ("norelatime", .withoutRelativeAccessTime(recursive: false)),
        ("rnorelatime", .withoutRelativeAccessTime(recursive: true)),
        ("bind", .bind(recursive: false)), ("rbind", .bind(recursive: true)), ("defaults", .nothing),
        ("private", .propagation(UInt64(MS_PRIVATE), recursive: false)),
        ("rprivate", .propagation(UInt64(MS_PRIVATE), recursive: true)),
        ("shared", .propagation(UInt64(MS_SHARED), recursive: false)),
        ("rshared", .propagation(UInt64(MS_SHARED), recursive: true)),
        ("slave", .propagation(UInt64(MS_SLAVE), recursive: false)), ("rslave", .propagation(UInt64(MS_SLAVE), recursive: true)),
        ("unbindable", .propagation(UInt64(MS_UNBINDABLE), recursive: false)),
        ("runbindable", .propagation(UInt64(MS_UNBINDABLE), recursive: true)),
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
    private static let ownerRestrictions = MountAttributes.noSetUserID | MountAttributes.noDevices
    private static let userRestrictions = ownerRestrictions | MountAttributes.noExecution

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
