import Bytes
import Errors
import Linux
import OCI

enum Labels {
    /// Sets the labels that the kernel's security modules give the process at its next execve. A label that can't be set, or doesn't
    /// read back as it was set, ends the creation: without it the process would be unconfined.
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
                // "PROFILE (enforce)" and the like: the name itself has to be the same to the letter.
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
