import Bytes
import Errors
import Linux
import OCI

/// Advice about configurations that can be made but often aren't meant so. Only what is right each time is said.
struct Advice {
    private(set) var findings: [Finding] = []

    /// Looks at a configuration and its plan.
    init(_ config: Config, _ plan: Plan, _ procfs: borrowing ProcFileSystem) {
        if config.process?.terminal == true {
            findings.append(
                Finding(.note, "/process/terminal", "create needs --console-socket for it; run and a terminal are enough"))
        }
        addHooks(config.hooks)
        addCapabilities(plan)
        let table = (try? procfs.mounts()) ?? []
        for entry in plan.rootfs.mounts { add(entry, plan, table) }
        if plan.cgroup != nil { addLimits(config.linux.resources) }
    }

    @inline(never)
    private mutating func add(_ pointer: String, _ sentence: String, hint: StaticString? = nil) {
        findings.append(Finding(.advice, pointer, sentence, hint: hint?.description))
    }

    private mutating func addHooks(_ hooks: Hooks) {
        for (kind, list) in hooks.byKind {
            for (index, hook) in list.enumerated() {
                if hook.timeout == nil {
                    add(
                        "/hooks/" + kind.name.description + "/" + String(index),
                        "the hook has no timeout, so it can block for ever", hint: "give it a \"timeout\", in seconds")
                }
                // A failed hook of the others is an error of create's.
                guard kind == .poststart || kind == .poststop, let error = HookRunner.refusal(of: hook, kind, index) else {
                    continue
                }
                findings.append(Finding(.warning, error.pointer, error.sentence))
            }
        }
    }

    /// With these capabilities a process of the host's user namespace can take over the host; with CAP_SYS_PTRACE only if it sees
    /// the host's processes.
    private mutating func addCapabilities(_ plan: Plan) {
        guard let bounding = plan.process?.capabilities.bounding, !plan.namespaces.has(.user) else { return }
        for number in 0..<64 where bounding.contains(number) {
            guard let name = CapabilitySet.name(of: number) else { continue }
            switch name {
            case "CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_BPF": break
            case "CAP_SYS_PTRACE" where !plan.namespaces.has(.pid): break
            default: continue
            }
            add(
                "/process/capabilities/bounding",
                name.displayText + " without a user namespace lets the container take over the host")
        }
    }

    private mutating func add(_ entry: MountStep, _ plan: Plan, _ table: [MountTableEntry]) {
        switch entry.kind {
        case .cgroup:
            guard !plan.namespaces.has(.cgroup), !plan.namespaces.has(.user),
                !entry.allAttributes.set.contains(.readOnly)
            else { return }
            add(
                entry.label, "the container can write to its cgroup's files, and so lift its own limits",
                hint: "add the option \"ro\"")
        // `ro` holds for the top mount only: what is mounted below the source on the host stays writable.
        case .bind(let source, recursive: true):
            guard entry.attributes.set.contains(.readOnly), !entry.recursiveAttributes.set.contains(.readOnly),
                let path = try? FileDescriptor.open(source, flags: .path).hostPath()
            else { return }
            let folder = path == "/" ? path : path + "/"
            for mount in table where mount.place.hasPrefix(folder) && mount.place.count > folder.count {
                add(
                    entry.label, "\"ro\" doesn't hold for " + mount.place.displayText + ", which is mounted below the source",
                    hint: "write \"rro\" for a mount that is read-only all over")
                return
            }
        default: break
        }
    }

    private mutating func addLimits(_ resources: Resources) {
        let files = resources.unified.map { $0.file.text }
        if resources.pidsLimit?.isUnlimited != false, !files.contains("pids.max") {
            add("/linux/resources/pids", "no limit of processes: one container can take all that the host can have")
        }
        if resources.memory?.limit?.isUnlimited != false, !files.contains("memory.max") {
            add("/linux/resources/memory", "no limit of memory: one container can take all of the host's")
        }
    }
}
