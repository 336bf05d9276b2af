import Bytes
import Errors
import Linux
import OCI

/// The process that `exec` runs: the one that a file describes, or the container's own, both with the changes from the options.
enum ExecProcess {
    /// Applies the options to the process of the file or of the configuration.
    ///
    /// - Parameters:
    ///   - options: The options of `exec`.
    ///   - config: The container's configuration.
    ///   - warnings: Gets a sentence for each unknown property of the file.
    /// - Returns: The process to run.
    /// - Throws: An error if the file can't be read, or describes no process.
    static func resolve(_ options: ExecOptions, _ config: Config, warnings: inout [String]) throws(RuntimeError) -> Process {
        var process = try base(options, config, &warnings)
        if !options.args.isEmpty { process.args = options.args }
        if let cwd = options.cwd { process.cwd = cwd }
        process.env += options.env
        if let user = options.user {
            process.user.uid = user.uid
            // If no group is given, the group stays as it is: it must not become root's.
            process.user.gid = user.gid ?? process.user.gid
        }
        process.user.additionalGids += options.additionalGids
        if let terminal = options.terminal { process.terminal = terminal }
        if let forbidden = options.noNewPrivileges { process.noNewPrivileges = forbidden }
        if let profile = options.apparmorProfile { process.apparmorProfile = profile }
        if let label = options.selinuxLabel { process.selinuxLabel = label }
        if !options.capabilities.isEmpty {
            var capabilities = process.capabilities ?? Capabilities()
            // Not the inheritable set: with it a program's file capabilities could add to the permitted set (CVE-2022-29162).
            capabilities.bounding += options.capabilities
            capabilities.effective += options.capabilities
            capabilities.permitted += options.capabilities
            // Those that are inheritable already go to the ambient set too, so that a program of a user other than root gets
            // them. runc's result is the same: it asks for all, and the kernel refuses those that aren't inheritable.
            capabilities.ambient += options.capabilities.filter { name in
                capabilities.inheritable.contains { CapabilitySet.number(of: $0) == CapabilitySet.number(of: name) }
            }
            process.capabilities = capabilities
        }
        guard process.cwd.hasPrefix("/") else {
            throw RuntimeError(.usage, "the working directory \"" + process.cwd.displayText + "\" is not absolute")
        }
        return process
    }

    private static func base(_ options: ExecOptions, _ config: Config, _ warnings: inout [String]) throws(RuntimeError) -> Process
    {
        if let file = options.processFile {
            let text = try ArgumentFile.read(file, "the process file", limit: 16 << 20)
            var (process, unknownProperties) = try Process.parse(text)
            warnings += Plan.warnings(ofUnknown: unknownProperties)
            // A process that the file gives no label is as confined as the container's own.
            process.apparmorProfile = process.apparmorProfile ?? config.process?.apparmorProfile
            process.selinuxLabel = process.selinuxLabel ?? config.process?.selinuxLabel
            return process
        }
        guard var process = config.process else {
            throw RuntimeError(.usage, "the container has no process to take after", hint: "describe one with --process")
        }
        guard !options.args.isEmpty else {
            throw RuntimeError(.usage, "no program to run", hint: "name it behind the id, or describe it with --process")
        }
        process.terminal = false
        process.consoleSize = nil
        return process
    }
}
