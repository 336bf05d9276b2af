import CHarness
import Testing

@Suite("refused checkpoints and restores", .needsRoot, .sandboxed)
struct CheckpointRefusalTests {
    private func running() throws -> Bundle {
        let bundle = try Bundle()
        bundle.counts()
        _ = try bundle.start()
        return bundle
    }

    /// A bundle without a container, and an image directory that has only descriptors.json.
    private func restorable() throws -> Bundle {
        let bundle = try Bundle()
        try makeDirectory(bundle.image, mode: 0o700)
        try write("[\"\",\"\",\"\"]", to: bundle.image + "/descriptors.json", mode: 0o600)
        return bundle
    }

    private func complaint(_ finished: Finished) -> String {
        #expect(finished.ending == .exited(1), "\(finished)")
        return finished.message
    }

    /// Makes a directory with this script as `criu`, and returns the variable PATH that finds it.
    private func criu(_ script: String, for bundle: Bundle) throws -> String {
        let folder = bundle.path + "/bin"
        try makeDirectory(folder)
        try write("#!\(Workspace.busybox) sh\n" + script, to: folder + "/criu", mode: 0o755)
        return "PATH=" + folder
    }

    /// The command `checkpoint` with this script as `criu`.
    private func checkpoint(_ bundle: Bundle, criu script: String) throws -> Command {
        var command = bundle.sandbox.command(["checkpoint", "--image-path", bundle.image, bundle.id])
        command.environment = [try criu(script, for: bundle)]
        return command
    }

    @Test func saysThatCriuIsMissing() throws {
        let bundle = try running()
        var checkpoint = bundle.sandbox.command(["checkpoint", "--image-path", bundle.image, bundle.id])
        checkpoint.environment = ["PATH=/nonexistent"]
        #expect(complaint(try checkpoint.run()).says("checkpoint: there is no criu in PATH (/nonexistent)"))
        #expect(try Container(of: bundle).status() == "running")
        #expect(entries(of: bundle.image) == [])
        let other = try restorable()
        var restore = try other.command("restore", ["--detach", "--image-path", other.image])
        restore.environment = ["PATH=/nonexistent"]
        #expect(try other.refusal(by: restore).says("restore: there is no criu in PATH"))
    }

    @Test func quotesACriuThatDoesNotWork() throws {
        let bundle = try running()
        let checkpoint = try checkpoint(bundle, criu: "echo 'Error (criu/kerndat.c:7): the kernel is too new' >&2; exit 1")
        let message = complaint(try checkpoint.run())
        #expect(message.says("Error (criu/kerndat.c:7): the kernel is too new"))
        #expect(message.says("criu check --all"))
        #expect(try Container(of: bundle).status() == "running")
    }

    /// The bytes are criu's answer: type VERSION, success, version 3.11.
    @Test func saysThatCriuIsTooOld() throws {
        let bundle = try running()
        let checkpoint = try checkpoint(
            bundle, criu: "printf '\\010\\012\\020\\001\\122\\004\\010\\003\\020\\013' >&3; \(Workspace.busybox) sleep 1")
        #expect(complaint(try checkpoint.run()).says("criu 3.11 is too old: 3.16 or later is needed"))
    }

    @Test func waitsNotWithoutEndForACriuThatSaysNothing() throws {
        let bundle = try running()
        let checkpoint = try checkpoint(bundle, criu: "exec \(Workspace.busybox) sleep 1000")
        let message = complaint(try checkpoint.run(within: 2 * Command.deadline))
        #expect(message.says("it hasn't answered within 20 seconds, in step \"ask criu for its version\""))
        #expect(try Container(of: bundle).status() == "running")
    }

    // The script answers with version 3.19, and ends instead of dumping.
    @Test func folderOfAFailedDumpIsNoImage() throws {
        let bundle = try running()
        let checkpoint = try checkpoint(
            bundle, criu: "printf '\\010\\012\\020\\001\\122\\004\\010\\003\\020\\023' >&3; \(Workspace.busybox) sleep 1")
        #expect(complaint(try checkpoint.run()).says("criu can't dump the container"))
        #expect(!entries(of: bundle.image).contains("descriptors.json"))
    }

    // The script answers with version 3.19, and with nothing after that.
    @Test func signalEndsARestoreThatWaitsForCriu() throws {
        let bundle = try restorable()
        let script = """
            printf '\\010\\012\\020\\001\\122\\004\\010\\003\\020\\023' >&3
            : >\(bundle.path)/ready; exec \(Workspace.busybox) sleep 1000
            """
        var restore = try bundle.command("restore", ["--image-path", bundle.image])
        restore.environment = [try criu(script, for: bundle)]
        let running = try restore.start()
        try eventually("criu's beginning") { exists(bundle.path + "/ready") }
        usleep(200_000)
        running.signal(SIGTERM)
        #expect(complaint(try running.finish()).says("criu can't restore the container: broken off by a signal"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    /// If criu is installed but can't work, the message says why.
    @Test(.enabled(if: Criu.complaint != nil, "criu works here")) func saysWhatKeepsCriuFromWorking() throws {
        let bundle = try running()
        let message = complaint(try bundle.checkpoint())
        let isMissing = message.contains("there is no criu in PATH")
        #expect(isMissing || message.contains("criu can't dump the container: Error (criu/"), "\(message)")
        #expect(isMissing || message.contains(bundle.image + "/dump.log"), "\(message)")
        #expect(try Container(of: bundle).status() == "running")
    }

    @Test func takeARunningContainerOnly() throws {
        let created = try Bundle().create()
        #expect(try created.refusal(of: "checkpoint").says("container cannot be checkpointed in created state"))
        try created.start()
        #expect(try created.wait() == .exited(0))
        #expect(try created.refusal(of: "checkpoint").says("container cannot be checkpointed in stopped state"))
        let unknown = try Sandbox.current.runtime("checkpoint", "nosuch")
        #expect(complaint(unknown).says("container does not exist"))
    }

    @Test func refuseFoldersThatOthersCanChange() throws {
        let bundle = try running()
        try makeDirectory(bundle.image)
        chmod(bundle.image, 0o777)
        #expect(complaint(try bundle.checkpoint()).says("can be changed by other users"))
        chmod(bundle.image, 0o700)
        chown(bundle.image, 1000, 1000)
        #expect(complaint(try bundle.checkpoint()).says("can be changed by other users"))
        let other = try restorable()
        chmod(other.image, 0o777)
        #expect(try other.refusalToRestore().says("can be changed by other users"))
    }

    @Test func refuseFoldersThatTheContainerHasBeforeIt() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/shared")
        bundle.config.mounts.append(.mount("/shared", source: bundle.path + "/shared", ["bind"]))
        bundle.counts()
        _ = try bundle.start()
        for folder in [bundle.rootfs + "/image", bundle.path + "/shared/image"] {
            let refused = try bundle.sandbox.runtime("checkpoint", "--image-path", folder, bundle.id)
            #expect(complaint(refused).says("the container could change the image"))
            let log = try bundle.sandbox.runtime(
                "checkpoint", "--image-path", bundle.image, "--work-path", folder, bundle.id)
            #expect(complaint(log).says("the container could change the image"))
        }
        #expect(try Container(of: bundle).status() == "running")
    }

    @Test func refuseALogThatIsALink() throws {
        let bundle = try running()
        try makeDirectory(bundle.image)
        try write("precious", to: bundle.path + "/precious")
        try makeLink(bundle.image + "/dump.log", to: bundle.path + "/precious")
        #expect(complaint(try bundle.checkpoint()).says("is no plain file"))
        #expect(read(bundle.path + "/precious") == "precious")
    }

    @Test func refuseWhatIsNoImage() throws {
        let bundle = try Bundle()
        #expect(try bundle.refusalToRestore().says("can't be opened: no such file or directory"))
        try makeDirectory(bundle.image, mode: 0o700)
        #expect(try bundle.refusalToRestore().says("holds no image of a container"))
        try write("{", to: bundle.image + "/descriptors.json")
        #expect(try bundle.refusalToRestore().says("the image is damaged"))
    }

    @Test func refuseAnIdThatIsTaken() throws {
        let bundle = try running()
        let other = try restorable()
        let refused = try other.sandbox.command(
            ["restore", "-d", "--image-path", other.image, "--bundle", bundle.path, bundle.id]
        ).run()
        #expect(complaint(refused).says("container with given ID already exists"))
        #expect(try Container(of: bundle).status() == "running")
    }

    @Test(arguments: [
        (["--parent-path", "/absolute"], "--parent-path must be relative"),
        (["--parent-path", "../nowhere"], "invalid --parent-path"), (["--page-server", "host"], "takes ADDRESS:PORT"),
        (["--page-server", ":80"], "takes ADDRESS:PORT"), (["--page-server", "host:0"], "takes ADDRESS:PORT"),
        (["--status-fd", "77"], "invalid --status-fd 77: no such descriptor is open"),
        (["--status-fd", "0"], "invalid --status-fd 0: it isn't open for writing"),
        (["--manage-cgroups-mode", "hard"], "takes soft or full or strict or ignore"), (["--empty-ns", "pid"], "takes network"),
    ]) func refuseWrongValues(options: [String], words: String) throws {
        let bundle = try running()
        let refused = try bundle.sandbox.command(["checkpoint", "--image-path", bundle.image] + options + [bundle.id]).run()
        #expect(complaint(refused).says(words))
    }

    @Test(arguments: ["user", "mount", "cgroup"]) func refuseNamespacesThatCriuCannotJoin(type: String) throws {
        let bundle = try restorable()
        let holder = try Namespaces([type])
        bundle.config.join(namespace: type, at: holder.path(type))
        let message = try bundle.refusalToRestore()
        #expect(message.says("criu can't restore a container that joins a \(type) namespace"))
        #expect(message.points(to: "/linux/namespaces/"))
    }

    @Test func refuseNetworkDevicesOfTheHost() throws {
        let bundle = try restorable()
        bundle.config.linux.netDevices = ["eth0": [:]]
        let message = try bundle.refusalToRestore()
        #expect(message.says("/linux/netDevices: a container with network devices of the host can't be checkpointed or restored"))
    }
}
