import Bytes
import Errors
import Linux
import OCI

enum Labels {
    /// Sets the AppArmor and SELinux labels that this process gets at its next execve.
    ///
    /// It's an error if a label can't be set, or if another one is read back: without its label the process would be
    /// unconfined.
    static func set(for process: Process, by procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        if let profile = process.apparmorProfile, !profile.isEmpty {
            step(.setAppArmorProfile)
            try write(
                "exec " + profile, to: ["attr/apparmor/exec", "attr/exec"], readingBack: profile, "/process/apparmorProfile",
                "AppArmor", procfs)
        }
        if let label = process.selinuxLabel, !label.isEmpty {
            step(.setSELinuxLabel)
            try write(label, to: ["attr/exec"], readingBack: label, "/process/selinuxLabel", "SELinux", procfs)
        }
    }

    /// Sets the SELinux label of the keyrings that this process and its children make until their next execve.
    static func setOnKeyrings(_ label: ByteString, by procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step(.setSELinuxLabel)
        try write(label, to: ["attr/keycreate"], readingBack: label, "/process/selinuxLabel", "SELinux", procfs)
    }

    private static func write(
        _ text: ByteString, to files: [ByteString], readingBack label: ByteString, _ pointer: String, _ module: String,
        _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) {
        var failure = SystemError("openat2", errno: .ENOENT)
        for file in files {
            do throws(SystemError) {
                let path = try procfs.own() + "/" + file
                try procfs.write(path, text.bytes)
                let current = try procfs.read(path)
                // The kernel may add a mode, as in "PROFILE (enforce)". The name before it must be exactly the same.
                let name = current.split { $0 == 0 || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: " ") }.first ?? []
                let wanted = label.split(separator: UInt8(ascii: " ")).first ?? label
                guard ByteString(name) == wanted else { throw SystemError("read", errno: .EBADMSG) }
                return
            } catch  where error.errno == .ENOENT {
                failure = error
            } catch {
                throw RuntimeError(
                    .process, "the label \"" + label.displayText + "\" can't be applied", error, pointer: pointer,
                    hint: "is the profile loaded, and " + module + " enabled?")
            }
        }
        throw RuntimeError(
            .unsupported, module + " is not enabled on this host", failure, pointer: pointer,
            hint: "remove the property, or enable it")
    }
}

extension Process {
    /// Has Host's children make the process's session keyring with the process's label: keyctl(2) has none of its own.
    ///
    /// - Parameter procfs: The host's procfs.
    /// - Throws: `process` if the label can't be set.
    func labelKeyring(by procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        if let label = selinuxLabel, !label.isEmpty { try Labels.setOnKeyrings(label, by: procfs) }
    }
}
