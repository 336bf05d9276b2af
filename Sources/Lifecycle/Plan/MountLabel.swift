import Bytes
import Errors
import Linux
import OCI

/// The SELinux label of the files in those file systems that are made for the container: config-linux.md, "Mount Label". Files
/// of the host, as those of the root file system and of bind mounts, keep the labels that the engine gave them.
struct MountLabel: Sendable {
    let text: ByteString
    /// The option that sets the label: `context`, or another one by crun's annotation.
    private let key: ByteString
    /// Whether the container's message queues are its own. In the host's, other programs' files would change their label.
    private let ownsQueues: Bool

    /// The options of a file system that set labels. A mount with one of these in its own options gets no other label.
    static func isKey(_ option: ByteString) -> Bool {
        switch option {
        case "context", "fscontext", "defcontext", "rootcontext": true
        default: false
        }
    }

    /// crun's annotation, for an option that leaves single files their own labels.
    private static let annotation: ByteString = "run.oci.mount_context_type"

    /// Reads the label of a configuration.
    ///
    /// - Parameters:
    ///   - config: The configuration.
    ///   - ownsQueues: Whether the container has an ipc namespace that isn't the host's.
    /// - Throws: `invalidConfig` for a label that is invalid under the host's policy.
    ///
    /// The result is nil if the configuration has no label, or if SELinux isn't enabled: then a label means nothing.
    init?(_ config: Config, ownsQueues: Bool) throws(RuntimeError) {
        guard let label = config.linux.mountLabel, let text = try canonicalLabel(label, "/linux/mountLabel") else { return nil }
        try self.init(text, config, ownsQueues: ownsQueues)
    }

    /// The same for a label that is known to be valid.
    init(_ text: ByteString, _ config: Config, ownsQueues: Bool) throws(RuntimeError) {
        let key = config.annotations.first { $0.key == MountLabel.annotation }?.value ?? "context"
        guard MountLabel.isKey(key) else {
            throw RuntimeError(
                .invalidConfig, "\"" + key.displayText + "\" is no option for labels",
                pointer: "/annotations/" + MountLabel.annotation.displayText,
                hint: "context, fscontext, defcontext and rootcontext are")
        }
        self.text = text
        self.key = key
        self.ownsQueues = ownsQueues
    }

    /// Gives a file system the label before it's made.
    func set(on context: FileSystemContext, _ type: ByteString) throws(RuntimeError) {
        guard isOption(of: type) else { return }
        try explaining(
            context, "the file system \"" + type.displayText + "\" refuses the label \"" + text.displayText + "\"",
            "/linux/mountLabel", context.set(key, to: text))
    }

    /// Gives the label to the root of a file system that doesn't take it as an option, but is the container's own.
    func setOnRoot(of mount: borrowing FileDescriptor, _ type: ByteString) throws(RuntimeError) {
        guard type == "mqueue", ownsQueues else { return }
        try explaining(
            .mount, "the label \"" + text.displayText + "\" can't be set on the message queues", pointer: "/linux/mountLabel"
        ) { () throws(SystemError) in
            do throws(SystemError) {
                try mount.open(".", flags: [.readOnly, .directory]).setLabel(text)
            } catch  where error.errno == .EPERM {
                // In a joined ipc namespace the folder may belong to a user whom the container's user namespace doesn't map.
            }
        }
    }

    /// Whether a file system of this type that couldn't be made with the label is made without it.
    ///
    /// SELinux refuses labels for a file system that is mounted elsewhere with others, as debugfs and its like always are, and
    /// in a user namespace for most types. Such a mount keeps the label that the policy has for its type.
    func mayBeLeftOut(_ type: ByteString, _ error: RuntimeError) -> Bool {
        guard isOption(of: type), type != "tmpfs", type != "ramfs", type != "devpts", type != "overlay" else { return false }
        return error.errno == .EINVAL || error.errno == .EBUSY || error.errno == .EACCES
    }

    /// The others are the kernel's own: all their mounts, the host's too, have their labels in common.
    private func isOption(of type: ByteString) -> Bool { type != "proc" && type != "sysfs" && type != "mqueue" }
}

extension ByteString {
    /// A label without the quotes that mount(2) needs around its commas. fsconfig(2) takes it as it is.
    func withoutQuotes() -> ByteString {
        let quote = UInt8(ascii: "\"")
        guard count >= 2, bytes.first == quote, bytes.last == quote else { return self }
        return ByteString(bytes[1..<(count - 1)])
    }
}

extension Process {
    /// Checks the SELinux label.
    ///
    /// - Returns: The label in the kernel's form. nil if the process has none.
    /// - Throws: `unsupported` if SELinux isn't enabled: without its label the process would be less confined than it should be.
    ///   `invalidConfig` if the label is invalid under the host's policy.
    func checkedLabel() throws(RuntimeError) -> ByteString? {
        guard let label = selinuxLabel, !label.isEmpty else { return nil }
        if let checked = try canonicalLabel(label, "/process/selinuxLabel") { return checked }
        throw RuntimeError(
            .unsupported, "SELinux is not enabled on this host", pointer: "/process/selinuxLabel",
            hint: "remove the property, or enable it")
    }
}

private func canonicalLabel(_ label: ByteString, _ pointer: String) throws(RuntimeError) -> ByteString? {
    try explaining(
        .invalidConfig, "the label \"" + label.displayText + "\" is invalid under this host's SELinux policy", pointer: pointer,
        hint: "is the policy module loaded that has its type?", SELinux.canonical(label))
}
