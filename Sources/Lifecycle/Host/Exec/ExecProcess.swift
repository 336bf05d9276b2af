import Bytes
import Errors
import Linux
import OCI

/// The process that is run: of a file, or the container's own with changes.
enum ExecProcess {
    static func resolve(_ options: ExecOptions, _ config: Config) throws(RuntimeError) -> Process {
        var process = try base(options, config)
        if !options.args.isEmpty { process.args = options.args }
        if let cwd = options.cwd { process.cwd = cwd }
        process.env += options.env
        if let user = options.user {
            process.user.uid = user.uid
            // A user without a group given has the first one's: root's group isn't everybody's.
            process.user.gid = user.gid ?? process.user.gid
        }
        process.user.additionalGids += options.additionalGids
        if let terminal = options.terminal { process.terminal = terminal }
        if let forbidden = options.noNewPrivileges { process.noNewPrivileges = forbidden }
        if let profile = options.apparmorProfile { process.apparmorProfile = profile }
        if let label = options.selinuxLabel { process.selinuxLabel = label }
        if !options.capabilities.isEmpty {
            var capabilities = process.capabilities ?? Capabilities()
            // Not the inheritable set: files' capabilities would count (CVE-2022-29162).
            capabilities.bounding += options.capabilities
            capabilities.effective += options.capabilities
            capabilities.permitted += options.capabilities
            // What the container has there anyway goes to the ambient set, so that it reaches the program of another user than root. That
            // is what becomes of runc's request, too: it asks for all, and the kernel refuses what isn't inheritable.
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

    private static func base(_ options: ExecOptions, _ config: Config) throws(RuntimeError) -> Process {
        if let file = options.processFile {
            return try Process(parsing: try ArgumentFile.read(file, "the process file", limit: 16 << 20))
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
