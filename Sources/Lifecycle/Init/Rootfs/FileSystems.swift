import Bytes
import Errors
import Linux
import OCI

/// Makes the file systems that `/mounts` asks for, detached and with all their options.
enum FileSystems {
    /// Makes a file system of the given type, or a copy of the host's /sys if a sysfs may not be made.
    ///
    /// - Parameters:
    ///   - type: The type, as in /proc/filesystems.
    ///   - entry: The entry of `/mounts` that asks for it.
    ///   - pidNamespace: The pid namespace that a proc shows, if it isn't the caller's own. This needs kernel 6.17.
    /// - Returns: The detached mount.
    /// - Throws: An error that names the entry, with the kernel's own words if there are any.
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
            // A user namespace may mount sysfs only with a network namespace of its own. Without one it gets the host's /sys.
            return try hostSysfs(entry)
        } catch  where entry.mountLabel?.mayBeLeftOut(type, error) == true {
            var unlabelled = entry
            unlabelled.mountLabel = nil
            return try make(type, unlabelled, pidNamespace: pidNamespace)
        }
    }

    /// Makes a file system in a context that another process opened, fsopen(2).
    static func make(_ type: ByteString, _ entry: MountStep, from context: FileSystemContext) throws(RuntimeError)
        -> SharedDescriptor
    {
        try configure(context, type, entry)
    }

    /// Whether `make` failed because the kernel, older than 6.17, doesn't know the option for a pid namespace.
    static func lacksPIDNamespaceOption(_ error: RuntimeError) -> Bool {
        // Compared by bytes: comparing strings would add Unicode's tables to the program, 40 KB.
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
        if !entry.data.contains(where: { MountLabel.isKey($0.key) }) { try entry.mountLabel?.set(on: context, type) }
        let mount = try explaining(
            context, "the file system \"" + type.displayText + "\" can't be mounted", entry.label,
            context.mount(attributes: attributes))
        if !entry.recursiveAttributes.isEmpty {
            try explaining(
                .mount, "the options can't be set", pointer: entry.label,
                mount.setMountAttributes(entry.recursiveAttributes, recursive: true))
        }
        try entry.mountLabel?.setOnRoot(of: mount, type)
        return SharedDescriptor(mount)
    }

    private static func refusal(_ type: ByteString?, _ what: String) -> String {
        "the file system " + (type.map { "\"" + $0.displayText + "\" " } ?? "") + "refuses " + what
    }

    /// Sets the options that are the file system's own, not those of the mount.
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

    /// Whether read-only is set only on the mount, not on the file system: most of these file systems have the same content in
    /// all their mounts.
    static func isKernelsOwn(_ type: ByteString) -> Bool {
        type == "proc" || type == "sysfs" || type == "tmpfs" || type == "devpts" || type == "mqueue" || type == "cgroup"
            || type == "cgroup2"
    }

    private static func set(_ flag: ByteString, of context: FileSystemContext) throws(SystemError) {
        do throws(SystemError) {
            try context.set(flag)
        } catch
            where error.errno == .EINVAL && (flag == "iversion" || flag == "noiversion" || flag == "mand" || flag == "nomand")
        {
            // mount(2) takes these options for every file system, which may ignore them. fsconfig(2) refuses them in that case.
        }
    }

    private static func set(_ key: ByteString, to value: ByteString, of context: FileSystemContext, _ type: ByteString?)
        throws(SystemError)
    {
        guard value.count >= 256, type == "overlay", key == "lowerdir" else {
            try context.set(key, to: value)
            return
        }
        // fsconfig(2) takes at most 255 bytes at a time, so the layers are set one by one (kernel 6.5).
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
            // The attributes hold for all mounts below, too: otherwise /sys/fs/cgroup would be writable in a read-only /sys.
            SharedDescriptor(try FileDescriptor.cloneTree("/sys", recursive: true, entry.allAttributes))
        }
    }
}

/// Runs `body`. If it fails, the error has the kernel's own words, which are read from the file system's context, fsopen(2).
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
