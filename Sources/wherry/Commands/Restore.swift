import Bytes
import Errors
import Lifecycle

enum Restore {
    private static let detach = Option("detach", short: "d", "return as soon as the container's processes run")
    private static let noSubreaper = Option("no-subreaper", "leave processes that outlive their parents to the caller's reaper")
    private static let noPivot = Option("no-pivot", "no effect: criu makes the container's root its own way")
    private static let closeTCP = Option("tcp-close", "close the TCP connections that are in the image")
    private static let lsmProfile = Option(
        "lsm-profile", value: .text("TYPE:NAME"),
        "the AppArmor profile or SELinux label instead of the image's: apparmor:NAME or selinux:LABEL")
    private static let lsmMountContext = Option(
        "lsm-mount-context", value: .text("CONTEXT"), "the SELinux context of mounts that had one")

    static let command = Command(
        name: "restore", summary: "make a container go on from a checkpoint", operands: [.required("ID")],
        options: Checkpoint.options + [
            Create.bundle, Create.consoleSocket, Create.pidFile, detach, noSubreaper, noPivot, Create.noNewKeyring, closeTCP,
            lsmProfile,
            lsmMountContext,
        ],
        description: """
            Makes a container from a bundle and from the image that "wherry checkpoint" has
            written. Its processes go on where they were. Mounts, namespaces, limits and
            hooks are those of the bundle's config.json, which has to be like that of the
            container that was checkpointed: processes with more rights than it gives are
            ended before they run.

            Standard streams that were pipes, and the terminal, are connected to those of
            this command, as with "wherry run".

            The work is done by criu, https://criu.org, 3.16 or later, which has to be
            installed. What it says is in restore.log. A root file system that is read-only
            needs a folder /tmp: criu makes a temporary folder there.
            """,
        example: """
            wherry restore --detach --image-path /srv/image --bundle /srv/web web
            """,
        exitStatus: [
            ("0 to 255", "the status of the container's first process; with --detach, 0"), ("128 + N", "signal N ended it"),
            ("1", "also: the container couldn't be restored; stderr and the log file say why"),
        ],
        errorPrefix: "restore failed: ",
        action: { invocation throws(RuntimeError) in
            try ensureSealed()
            let arguments = invocation.arguments
            var create = CreateOptions(id: invocation.id, bundle: arguments.text(Create.bundle) ?? ".")
            create.pidFile = arguments.text(Create.pidFile)
            create.consoleSocket = arguments.text(Create.consoleSocket)
            create.noNewKeyring = arguments.isOn(Create.noNewKeyring) || invocation.globals.keepsKeyring
            var request = RestoreOptions(create: create, image: Checkpoint.image(arguments))
            request.detach = arguments.isOn(detach)
            request.noSubreaper = arguments.isOn(noSubreaper)
            request.closesTCP = arguments.isOn(closeTCP)
            request.lsmProfile = arguments.text(lsmProfile)
            request.lsmMountContext = arguments.text(lsmMountContext)
            return try restoreContainer(request, try invocation.settings())
        })
}
