import Bytes
import Errors
import Linux
import OCI

/// Makes the file systems that `/mounts` asks for, detached and with all their options.
enum FileSystems {
    /// A file system of the given type, or what can stand for it where it may not be made.
    ///
    /// `pidNamespace`: the one that a proc shows, where it isn't the caller's own: needs kernel 6.17.
    static func make(_ type: ByteString, _ entry: MountStep, pidNamespace: SharedDescriptor? = nil) throws(RuntimeError)
        -> SharedDescriptor
    {
        do throws(RuntimeError) {
            let context = try explaining(
                .mount, "the kernel has no file system \"" + type.displayText + "\"", pointer: entry.label,
                FileSystemContext(type: type))
            if let pidNamespace {
                try explaining(
                    .mount, "the kernel can't show another pid namespace's processes", pointer: entry.label,
                    hint: "kernel 6.17 can", context.set("pidns", to: pidNamespace.file))
            }
            return try configure(context, type, entry)
        } catch  where error.errno == .EPERM && type == "sysfs" {
            // A user namespace may mount sysfs only with a network namespace of its own: it sees the host's instead.
            return try hostSysfs(entry)
        }
    }

    /// A file system that another process opened.
    static func make(_ type: ByteString, _ entry: MountStep, from context: FileSystemContext) throws(RuntimeError)
        -> SharedDescriptor
    {
        try configure(context, type, entry)
    }

    /// Whether that is why: the kernel is older than 6.17.
    static func lacksPIDNamespaceOption(_ error: RuntimeError) -> Bool {
        // By bytes: to compare strings brings Unicode's tables along, 40 KB of the program.
        error.errno == .EINVAL && error.call.map { ByteString($0) } == "fsconfig"
    }

    private static func configure(_ context: FileSystemContext, _ type: ByteString, _ entry: MountStep) throws(RuntimeError)
        -> SharedDescriptor
    {
        var attributes = entry.attributes.set
        if entry.isReadOnlyLate { attributes.remove(.readOnly) }
        if let source = entry.source, !source.isEmpty {
            try explaining(
                context, refusal(type, "the source \"" + source.displayText + "\""), entry.label,
                context.set("source", to: source))
        }
        if attributes.contains(.readOnly), !isKernelsOwn(type) {
            try explaining(context, refusal(type, "to be read-only"), entry.label, context.set("ro"))
        }
        try setOptions(of: context, type, entry)
        let mount = try explaining(
            context, "the file system \"" + type.displayText + "\" can't be mounted", entry.label,
            context.mount(attributes: attributes))
        if !entry.recursiveAttributes.isEmpty {
            try explaining(
                .mount, "the options can't be set", pointer: entry.label,
                mount.setMountAttributes(entry.recursiveAttributes, recursive: true))
        }
        return SharedDescriptor(mount)
    }

    private static func refusal(_ type: ByteString?, _ what: String) -> String {
        "the file system " + (type.map { "\"" + $0.displayText + "\" " } ?? "") + "refuses " + what
    }

    /// Hands a file system the options that are its own.
    static func setOptions(of context: FileSystemContext, _ type: ByteString?, _ entry: MountStep) throws(RuntimeError) {
        for flag in entry.flags {
            try explaining(
                context, refusal(type, "the option \"" + flag.displayText + "\""), entry.label + "/options",
                set(flag, of: context))
        }
        for (key, value) in entry.data {
            try explaining(
                context, refusal(type, "the option \"" + key.displayText + "=" + value.displayText + "\""),
                entry.label + "/options", set(key, to: value, of: context, type))
        }
    }

    /// File systems whose content is one for all their mounts: read-only is a matter of the mount, not of the file system.
    private static func isKernelsOwn(_ type: ByteString) -> Bool {
        type == "proc" || type == "sysfs" || type == "tmpfs" || type == "devpts" || type == "mqueue" || type == "cgroup"
            || type == "cgroup2"
    }

    private static func set(_ flag: ByteString, of context: FileSystemContext) throws(SystemError) {
        do throws(SystemError) {
            try context.set(flag)
        } catch
            where error.errno == .EINVAL && (flag == "iversion" || flag == "noiversion" || flag == "mand" || flag == "nomand")
        {
            // mount(2) takes these for every file system and lets those that have no use for them ignore them; fsconfig(2) refuses.
        }
    }

    private static func set(_ key: ByteString, to value: ByteString, of context: FileSystemContext, _ type: ByteString?)
        throws(SystemError)
    {
        guard value.count >= 256, type == "overlay", key == "lowerdir" else {
            try context.set(key, to: value)
            return
        }
        // fsconfig takes 255 bytes at a time: the layers go one by one (kernel 6.5).
        for layer in value.split(separator: UInt8(ascii: ":")) { try context.set("lowerdir+", to: layer) }
    }

    private static func hostSysfs(_ entry: MountStep) throws(RuntimeError) -> SharedDescriptor {
        if let option = entry.flags.first ?? entry.data.first?.key {
            throw RuntimeError(
                .unsupported,
                "\"" + option.displayText
                    + "\" would change the host's /sys, which has to stand for a sysfs of the container's own",
                pointer: entry.label + "/options", hint: "remove the option, or add a namespace of type network")
        }
        return try explaining(.mount, "the host's /sys can't be shown", pointer: entry.label) { () throws(SystemError) in
            let tree = try FileDescriptor.cloneTree("/sys", recursive: true)
            // For all mounts below it: else /sys/fs/cgroup would be writable in a read-only /sys.
            if !entry.allAttributes.isEmpty { try tree.setMountAttributes(entry.allAttributes, recursive: true) }
            return SharedDescriptor(tree)
        }
    }
}

/// Does `body` and, where the file system refuses, says so in the kernel's own words: its context has them.
func explaining<Result: ~Copyable>(
    _ context: FileSystemContext, code: RuntimeError.Code = .mount, _ sentence: @autoclosure () -> String,
    _ pointer: @autoclosure () -> String? = nil, _ body: () throws(SystemError) -> Result
) throws(RuntimeError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw context.error(code, sentence(), error, pointer())
    }
}

/// The same for a single call.
func explaining<Result: ~Copyable>(
    _ context: FileSystemContext, code: RuntimeError.Code = .mount, _ sentence: @autoclosure () -> String,
    _ pointer: @autoclosure () -> String? = nil, _ call: @autoclosure () throws(SystemError) -> Result
) throws(RuntimeError) -> Result {
    do throws(SystemError) {
        return try call()
    } catch {
        throw context.error(code, sentence(), error, pointer())
    }
}

extension FileSystemContext {
    fileprivate func error(_ code: RuntimeError.Code, _ sentence: String, _ cause: SystemError, _ pointer: String?)
        -> RuntimeError
    {
        var text = sentence
        if let words = complaint() { text += ": " + words.displayText }
        return RuntimeError(code, text, cause, pointer: pointer)
    }
}
