import CHarness
import Testing

@Suite("hooks that fail", .needsRoot, .sandboxed)
struct HookFailureTests {
    static let creating = ["prestart", "createRuntime", "createContainer"]
    static let starting = ["startContainer", "poststart"]

    private func hook(_ kind: String, _ script: String) -> JSON {
        kind == "startContainer" ? ["path": "/bin/busybox", "args": ["sh", "-ec", .string(script)]] : .hook(script)
    }

    /// A bundle with a hook of this kind that runs a script, and with a poststop hook that leaves a file.
    private func bundle(_ kind: String, _ script: String) throws -> Bundle {
        let bundle = try Bundle { $0.runs("echo ran > /tmp/ran; sleep 1000") }
        bundle.config.hooks[kind] = [hook(kind, script)]
        bundle.config.hooks.poststop = [.hook("touch \(bundle.path)/stopped")]
        return bundle
    }

    // "…generate an error, stop the container, and continue the lifecycle at step 12", which ends with the poststop hooks.
    @Test(arguments: creating) func createFailsAndTheContainerIsDestroyed(kind: String) throws {
        let bundle = try bundle(kind, "exit 3")
        let message = try bundle.refusal()
        #expect(message.says(kind), "\(message)")
        #expect(exists(bundle.path + "/stopped"))
        #expect(!exists(bundle.rootfs + "/tmp/ran"))
    }

    @Test(arguments: creating) func poststopHooksRunWhereACreateFailsAfterAHook(kind: String) throws {
        let bundle = try bundle(kind, "true")
        bundle.config.runs(arguments: ["no-such-program"])
        #expect(try bundle.refusal().says("no-such-program"))
        #expect(exists(bundle.path + "/stopped"))
    }

    // What the hooks set up outside the container is taken down, although create itself can't do it.
    @Test(arguments: creating) func poststopHooksRunWhereCreateIsKilledDuringAHook(kind: String) throws {
        let bundle = try bundle(kind, "echo > hooked; sleep 1000")
        let create = try bundle.command("create").start()
        try eventually("the hook runs") { exists(bundle.path + "/hooked") }
        create.signal(SIGKILL)
        _ = try create.finish()
        #expect(!exists(bundle.path + "/stopped"))
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        #expect(exists(bundle.path + "/stopped"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test(arguments: starting) func startFailsAndTheContainerIsDestroyed(kind: String) throws {
        let bundle = try bundle(kind, "exit 3")
        let container = try bundle.create()
        #expect(try container.refusal(of: "start").says(kind))
        #expect(try container.wait() != .exited(0))
        #expect(try bundle.sandbox.runtime("state", bundle.id).errors.says("container does not exist"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
        #expect(exists(bundle.path + "/stopped"))
        if kind == "startContainer" { #expect(!exists(bundle.rootfs + "/tmp/ran")) }
    }

    @Test(arguments: creating + starting) func laterOnesAreNotCalled(kind: String) throws {
        let bundle = try bundle(kind, "exit 3")
        let mark = kind == "startContainer" ? "/tmp/later" : bundle.rootfs + "/tmp/later"
        bundle.config.hooks[kind].append(hook(kind, "echo later > \(mark)"))
        #expect(try bundle.run().ending == .exited(1))
        #expect(!exists(bundle.rootfs + "/tmp/later"))
    }

    // "…MUST log a warning, but the remaining hooks and lifecycle continue as if the hook had succeeded."
    @Test func poststopIsAWarning() throws {
        let bundle = try Bundle()
        bundle.config.hooks.poststop = [
            .hook("exit 3"), .hook("touch \(bundle.path)/second"), ["path": "/no/such/hook"], .hook("touch \(bundle.path)/last"),
        ]
        let container = try bundle.start()
        _ = try container.wait()
        let deleted = try bundle.sandbox.runtime("delete", bundle.id)
        #expect(deleted.succeeded, "\(deleted)")
        #expect(deleted.errors.says("poststop"))
        #expect(exists(bundle.path + "/second"))
        #expect(exists(bundle.path + "/last"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    // Engines show only the message.
    @Test(arguments: creating + starting + ["poststop"]) func outputOfAFailedHookIsInTheMessage(kind: String) throws {
        let bundle = try bundle("none", "")
        bundle.config.hooks[kind] = [hook(kind, "echo 'the network'; echo 'is on fire' >&2; exit 1")]
        bundle.config.runs(arguments: ["true"])
        let (_, log) = try bundle.runLogged()
        let entry = try JSONParser.parse(log.lines.last ?? "{}")
        #expect(entry.level == (kind == "poststop" ? "warning" : "error"))
        let message = entry.msg.text ?? ""
        #expect(message.says(": exit status 1, output: the network\nis on fire"))
        #expect(message.hasSuffix("is on fire"), "\(message)")
    }

    @Test func outputOfAHookThatHangsIsInTheMessage() throws {
        let bundle = try bundle("createRuntime", "echo 'waiting for the cloud'; sleep 1000")
        bundle.config.hooks.createRuntime[0].timeout = 1
        #expect(try bundle.refusal().says("hook ran past specified timeout of 1s, output: waiting for the cloud"))
    }

    @Test(arguments: creating + starting) func signalIsAFailureToo(kind: String) throws {
        let finished = try bundle(kind, "kill -KILL $$").run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says(kind), "\(finished)")
    }

    @Test(arguments: creating + starting) func timeoutEndsAHookThatHangs(kind: String) throws {
        let bundle = try bundle(kind, "sleep 1000")
        bundle.config.hooks[kind][0].timeout = 1
        let finished = try bundle.run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("timeout") || finished.errors.says("1 s"), "\(finished)")
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    // On cgroup v1 no signal ends a frozen process; on every kernel, none ends a process that waits for a disk.
    @Test(.needsLegacyCgroups, .needs(controller: "freezer")) func hookThatNoSignalEndsHoldsNobodyUp() throws {
        let bundle = try Bundle()
        let freezer = try #require(Cgroup.directory("freezer", bundle.cgroup + "-hook"))
        bundle.config.hooks.createRuntime = [
            .hook("mkdir -p \(freezer); echo $$ >\(freezer)/cgroup.procs; echo FROZEN >\(freezer)/freezer.state")
        ]
        bundle.config.hooks.createRuntime[0].timeout = 1
        defer {
            _ = h_put(freezer + "/freezer.state", "THAWED")
            Cgroup.remove(bundle.cgroup + "-hook")
        }
        #expect(try bundle.refusal().says("timeout of 1s"))
    }

    @Test func timeoutOfAPoststopHookIsAWarning() throws {
        let bundle = try Bundle()
        bundle.config.hooks.poststop = [.hook("sleep 1000")]
        bundle.config.hooks.poststop[0].timeout = 1
        #expect(try bundle.run().succeeded)
    }

    @Test(arguments: creating + starting + ["poststop"]) func programThatIsNotThereIsAFailure(kind: String) throws {
        let bundle = try Bundle { $0.hooks[kind] = [["path": "/no/such/hook"]] }
        let finished = try bundle.run()
        #expect(finished.succeeded == (kind == "poststop"), "\(finished)")
        #expect(finished.errors.says("/no/such/hook"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test(arguments: HookTests.kinds) func relativePathIsRefused(kind: String) throws {
        #expect(try refusal { $0.hooks[kind] = [["path": "bin/true"]] }.points(to: "/hooks/\(kind)/0/path"))
    }

    @Test(arguments: HookTests.kinds) func missingPathIsRefused(kind: String) throws {
        let message = try refusal { $0.hooks[kind] = [["args": ["true"]]] }
        #expect(message.points(to: "/hooks/\(kind)/0"))
    }

    @Test(arguments: [0, -1]) func timeoutHasToBePositive(timeout: Int) throws {
        let message = try refusal { $0.hooks.prestart = [["path": "/bin/true", "timeout": .number(timeout)]] }
        #expect(message.points(to: "/hooks/prestart/0/timeout"))
    }

    // The state is larger than a pipe's buffer, and the hook doesn't read it.
    @Test(arguments: ["true", "exec <&-; sleep 0.05"]) func standardInputMayBeLeftUnread(script: String) throws {
        let bundle = try Bundle {
            $0.annotations = ["long": .string(String(repeating: "x", count: 200_000))]
            for kind in ["prestart", "createContainer", "poststart", "poststop"] { $0.hooks[kind] = [.hook(script)] }
        }
        #expect(try bundle.run().succeeded)
    }

    @Test func longStateArrivesWhole() throws {
        let bundle = try Bundle { $0.annotations = ["long": .string(String(repeating: "x", count: 200_000))] }
        bundle.config.hooks.createRuntime = [.hook("cat > \(bundle.path)/state")]
        _ = try bundle.create()
        let state = try JSONParser.parse(read(bundle.path + "/state"))
        #expect(state.annotations.long.text?.count == 200_000)
    }

    @Test func outputWithoutEndIsBounded() throws {
        let bundle = try bundle("createRuntime", "yes | head -c 30000000; exit 1")
        #expect(try bundle.refusal().utf8.count < 100_000)
    }

    // The child keeps the hook's output open, so the runtime must not wait for the end of that output.
    @Test func childThatIsLeftBehindHoldsNobodyUp() throws {
        let bundle = try Bundle()
        bundle.config.hooks.createRuntime = [.hook("sleep 1000 & echo $! > \(bundle.path)/pid")]
        let container = try bundle.create()
        let child = try #require(pid_t(read(bundle.path + "/pid").trimmed))
        kill(child, SIGKILL)
        bundle.sandbox.willReap(child)
        #expect(try container.status() == "created")
    }
}
