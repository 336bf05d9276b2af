/// A change of a mount's attributes, as mount_setattr(2) takes it.
public struct MountAttributes: Equatable, Sendable {
    /// Attributes of a mount. The values are literals: with C's constants, tables of them would be built when the program runs.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt64

        public init(rawValue: UInt64) { self.rawValue = rawValue }

        /// `MOUNT_ATTR_RDONLY`
        public static var readOnly: Flags { Flags(rawValue: 0x1) }
        /// `MOUNT_ATTR_NOSUID`
        public static var noSetUserID: Flags { Flags(rawValue: 0x2) }
        /// `MOUNT_ATTR_NODEV`
        public static var noDevices: Flags { Flags(rawValue: 0x4) }
        /// `MOUNT_ATTR_NOEXEC`
        public static var noExecution: Flags { Flags(rawValue: 0x8) }
        /// `MOUNT_ATTR__ATIME`: the bits that hold one of the values `noAccessTime` and `strictAccessTime`. They are a number,
        /// not flags: a change to one of the values must clear all these bits.
        public static var accessTimes: Flags { Flags(rawValue: 0x70) }
        /// `MOUNT_ATTR_NOATIME`
        public static var noAccessTime: Flags { Flags(rawValue: 0x10) }
        /// `MOUNT_ATTR_STRICTATIME`
        public static var strictAccessTime: Flags { Flags(rawValue: 0x20) }
        /// `MOUNT_ATTR_NODIRATIME`
        public static var noDirectoryAccessTime: Flags { Flags(rawValue: 0x80) }
        /// Read-only, no set-user-ID programs, no devices, no execution: the attributes that fstatfs(2) reports too.
        public static var restrictions: Flags { Flags(rawValue: 0xF) }
        /// `MOUNT_ATTR_NOSYMFOLLOW`
        public static var noSymbolicLinks: Flags { Flags(rawValue: 0x200000) }
    }

    public var set: Flags
    public var clear: Flags

    public init(set: Flags = Flags(rawValue: 0), clear: Flags = Flags(rawValue: 0)) {
        self.set = set
        self.clear = clear
    }

    public var isEmpty: Bool { self.set.isEmpty && clear.isEmpty }
}

/// How mount events spread from a mount and to it: one of the four kinds that mount_namespaces(7) describes.
public struct MountPropagation: RawRepresentable, Equatable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `MS_SHARED`
    public static var shared: MountPropagation { MountPropagation(rawValue: 1 << 20) }
    /// `MS_SLAVE`
    public static var slave: MountPropagation { MountPropagation(rawValue: 1 << 19) }
    /// `MS_PRIVATE`
    public static var `private`: MountPropagation { MountPropagation(rawValue: 1 << 18) }
    /// `MS_UNBINDABLE`
    public static var unbindable: MountPropagation { MountPropagation(rawValue: 1 << 17) }
}
