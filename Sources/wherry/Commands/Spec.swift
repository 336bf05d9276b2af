import Bytes
import Cgroups
import Errors
import Linux
import OCI

enum Spec {
    private static let bundle = Option(
        "bundle", short: "b", value: .text("DIR"), "the directory to write config.json to (default: the working directory)")
    private static let rootless = Option(
        "rootless", "for a user without privileges: a user namespace in which the caller is root, and no cgroup")

    static let command = Command(
        name: "spec", summary: "write a config.json to begin with", options: [bundle, rootless],
        description: """
            Writes config.json for a container that runs "sh" in a root file system expected
            at "rootfs" beside it. It's meant to be edited: process.args is the command,
            mounts are the file systems, and all else is described in the OCI Runtime
            Specification. A file that is there already is never overwritten.
            """,
        example: """
            mkdir -p demo/rootfs && cd demo
            docker export $(docker create busybox) | tar -C rootfs -x
            wherry spec
            wherry run demo
            """,
        action: { invocation throws(RuntimeError) in
            let template = Config.template(
                rootless: invocation.arguments.isOn(rootless), uid: Credentials.effectiveUser, gid: Credentials.effectiveGroup,
                cgroupNamespace: hasCgroupV2Alone())
            try write(template, in: invocation.arguments.text(bundle) ?? ".")
            return 0
        })

    /// Whether the host has cgroup v2 alone. Only then does the config have a cgroup namespace, as in runc. If the cgroups
    /// can't be read, the answer is false.
    private static func hasCgroupV2Alone() -> Bool {
        guard let procfs = try? ProcFileSystem.forHost(), let host = try? CgroupHost.detect(procfs: procfs) else { return false }
        return host.layout == .unified
    }

    static func write(_ config: [UInt8], in directory: ByteString) throws(RuntimeError) {
        let path = directory == "." ? "config.json" : directory + "/config.json"
        let bundle = try explaining(
            .system, "can't open the bundle \"" + directory.displayText + "\"", path: directory,
            FileDescriptor.open(directory, flags: [.path, .directory]))
        do throws(SystemError) {
            let file = try bundle.open("config.json", flags: [.writeOnly, .create, .exclusive, .noFollow], mode: 0o666)
            do throws(SystemError) {
                try file.writeAll(config)
            } catch {
                // An incomplete file would make the next attempt fail, because it exists.
                try? bundle.unlink("config.json")
                throw error
            }
        } catch  where error.errno == .EEXIST {
            throw RuntimeError(
                .usage, "\"" + path.displayText + "\" exists already", path: path,
                hint: "remove it, or name another directory with --bundle")
        } catch {
            throw RuntimeError(.system, "can't write \"" + path.displayText + "\"", error, path: path)
        }
    }
}
