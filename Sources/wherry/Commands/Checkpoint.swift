import Bytes
import Errors
import Lifecycle

enum Checkpoint {
    private static let leaveRunning = Option("leave-running", "leave the container running")
    private static let preDump = Option(
        "pre-dump",
        """
        write down memory alone and leave the container running; the checkpoint that names this image as its parent is quick then
        """)
    private static let parentPath = Option(
        "parent-path", value: .text("DIR"),
        "the image of an earlier --pre-dump, relative to --image-path: memory that hasn't changed since is left out")
    private static let tcpSkipInFlight = Option("tcp-skip-in-flight", "leave out TCP connections that are being made")
    private static let linkRemap = Option("link-remap", "make names for deleted files that are still open")
    private static let statusFD = Option(
        "status-fd", value: .number("N"), "with --lazy-pages: write a NUL to descriptor N when memory can be had")
    private static let pageServer = Option(
        "page-server", value: .text("ADDRESS:PORT"), "send memory to criu's page server, or with --lazy-pages be one")

    // Options that restore has, too.
    static let imagePath = Option("image-path", value: .text("DIR"), "the folder of the image (default: ./checkpoint)")
    static let workPath = Option("work-path", value: .text("DIR"), "the folder of criu's log (default: that of the image)")
    static let establishedTCP = Option("tcp-established", "take established TCP connections along")
    static let networkLock = Option(
        "network-lock", value: .oneOf(["iptables", "nftables", "skip"]),
        "what keeps packets from its TCP connections meanwhile (default: criu's own choice)")
    static let externalUnixSockets = Option("ext-unix-sk", "allow Unix sockets whose other end is outside")
    static let shellJob = Option("shell-job", "allow a terminal of the caller's as standard streams")
    static let fileLocks = Option("file-locks", "take file locks along")
    static let cgroupsMode = Option(
        "manage-cgroups-mode", value: .oneOf(["soft", "full", "strict", "ignore"]),
        "what criu does about cgroups made in the container (default: soft)")
    static let emptyNamespace = Option(
        "empty-ns", value: .oneOf(["network"]), "no effect: network interfaces are always left to the caller")
    static let autoDeduplication = Option("auto-dedup", "remove from older images the memory that newer ones have")
    static let lazyPages = Option("lazy-pages", "restore memory when it's used (userfaultfd)")

    static let options = [
        imagePath, workPath, establishedTCP, networkLock, externalUnixSockets, shellJob, fileLocks, cgroupsMode, emptyNamespace,
        autoDeduplication, lazyPages,
    ]

    static func image(_ arguments: Arguments) -> ImageOptions {
        var image = ImageOptions()
        if let path = arguments.text(imagePath) { image.imagePath = path }
        image.workPath = arguments.text(workPath)
        image.establishedTCP = arguments.isOn(establishedTCP)
        image.networkLock = arguments.text(networkLock).flatMap { NetworkLock($0) }
        image.externalUnixSockets = arguments.isOn(externalUnixSockets)
        image.shellJob = arguments.isOn(shellJob)
        image.fileLocks = arguments.isOn(fileLocks)
        image.cgroupsMode = arguments.text(cgroupsMode).flatMap { CgroupsMode($0) }
        image.autoDeduplication = arguments.isOn(autoDeduplication)
        image.lazyPages = arguments.isOn(lazyPages)
        return image
    }

    static let command = Command(
        name: "checkpoint", summary: "write a container's state to files, and end it", operands: [.required("ID")],
        options: options + [leaveRunning, preDump, parentPath, tcpSkipInFlight, linkRemap, statusFD, pageServer],
        description: """
            Writes the processes of a running or paused container to files: their memory,
            open files, rights and so on. "wherry restore" makes them go on from there, on
            this host or another one. The container is deleted then, unless it's left
            running. What it has on its root file system and in volumes isn't in the image.

            The work is done by criu, https://criu.org, 3.16 or later, which has to be
            installed. What it says is in dump.log. The image holds all that the processes
            have in memory, secrets too.
            """,
        example: """
            wherry checkpoint --image-path /srv/image web
            wherry restore --detach --image-path /srv/image --bundle /srv/web web
            """,
        errorPrefix: "checkpoint failed: ",
        action: { invocation throws(RuntimeError) in
            let arguments = invocation.arguments
            var request = CheckpointOptions(id: invocation.id, image: image(arguments))
            request.leaveRunning = arguments.isOn(leaveRunning)
            request.preDump = arguments.isOn(preDump)
            request.parentPath = arguments.text(parentPath)
            request.tcpSkipInFlight = arguments.isOn(tcpSkipInFlight)
            request.linkRemap = arguments.isOn(linkRemap)
            request.statusDescriptor = arguments.number(statusFD).map { Int32(clamping: $0) }
            if let text = arguments.text(pageServer) {
                guard let server = PageServer(text) else { throw .takes("ADDRESS:PORT", pageServer, text) }
                request.pageServer = server
            }
            try checkpointContainer(request, try invocation.settings())
            return 0
        })
}
