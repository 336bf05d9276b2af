import CHarness
import Testing

/// Every limit gets to its file and to its unit's property, by create and by update, and systemd doesn't undo it.
@Suite("table of limits", .needsRoot, .sandboxed, .serialized)
struct LimitTableTests {
    enum Manager: String, CaseIterable, Sendable {
        case cgroupfs, systemd

        /// Without systemd there is only the other one.
        static let present = allCases.filter { $0 == .cgroupfs || Unit.canExist }
    }

    /// A row of the table, with the file that this machine has for it.
    private struct Row {
        let limit: Limit
        let kept: Kept

        private func value(_ values: Kept.Values?, isUpdated: Bool) -> String {
            if let values { return isUpdated ? values.updated : values.created }
            let given = isUpdated ? limit.updated : limit.created
            return given.text ?? given.description
        }

        func file(isUpdated: Bool) -> String { value(kept.values, isUpdated: isUpdated) }

        func shown(isUpdated: Bool) -> String {
            let text = value(kept.shown ?? kept.values, isUpdated: isUpdated)
            return kept.isOfDisk && !text.isEmpty ? Disk.path + " " + text : text
        }
    }

    @Test(arguments: LimitTable.Batch.allCases, Manager.present)
    func eachLimitIsInItsFileAndItsProperty(batch: LimitTable.Batch, manager: Manager) throws {
        let limits = LimitTable.rows.filter { $0.batch == batch }
        let files = try Self.filesOfThisKernel()
        var rows: [Row] = []
        var text = ""
        for limit in limits {
            switch Self.kept(limit, files, manager) {
            case .success(let kept): rows.append(Row(limit: limit, kept: kept))
            case .failure(let reason): text += "skipped: \(limit.place): \(reason)\n"
            }
        }
        defer { if getenv("WHERRY_TABLE") != nil || !text.isEmpty { print("limits, \(batch), \(manager):\n" + text) } }
        guard !rows.isEmpty else { return }

        let bundle = try Self.bundle(manager, rows)
        let created = try bundle.command("create", global: manager == .systemd ? Bundle.systemd : []).run()
        guard created.succeeded else { throw HarnessFailure("\(created)") }
        let container = try Container(of: bundle, created)
        try container.start()
        try check(rows, bundle, manager, isUpdated: false, "created", &text)

        var resources: JSON = [:]
        for row in rows { resources[at: row.limit.place] = row.limit.updated }
        try write(resources.description, to: bundle.path + "/resources.json")
        let update = try bundle.sandbox.runtime("update", "--resources", bundle.path + "/resources.json", container.id)
        #expect(update.succeeded, "\(update)")
        try check(rows, bundle, manager, isUpdated: true, "updated", &text)
        try container.delete("--force")
    }

    private static func bundle(_ manager: Manager, _ rows: [Row]) throws -> Bundle {
        let configure = { (config: inout JSON) in
            config.runs(arguments: ["sleep", "1000"])
            for row in rows { config.linux.resources[at: row.limit.place] = row.limit.created }
        }
        return try manager == .systemd ? Bundle.inUnit(configure) : Bundle(configure)
    }

    /// Compares the files and the properties with the table, and once more after systemd has written its properties again.
    private func check(
        _ rows: [Row], _ bundle: Bundle, _ manager: Manager, isUpdated: Bool, _ when: String, _ text: inout String
    ) throws {
        compareFiles(rows, bundle, manager, isUpdated: isUpdated, when)
        if manager == .systemd {
            try compareProperties(rows, bundle, isUpdated: isUpdated, when)
            _ = try Unit.run("daemon-reload")
            compareFiles(rows, bundle, manager, isUpdated: isUpdated, when + ", after daemon-reload")
            try compareProperties(rows, bundle, isUpdated: isUpdated, when + ", after daemon-reload")
        }
        guard getenv("WHERRY_TABLE") != nil else { return }
        for row in rows {
            text += "\(when): \(row.limit.place)  \(row.kept.file) \(row.file(isUpdated: isUpdated))"
            if manager == .systemd {
                text += "  " + (row.kept.property.map { "\($0)=\(row.shown(isUpdated: isUpdated))" } ?? "no property")
            }
            text += "\n"
        }
    }

    private func compareFiles(_ rows: [Row], _ bundle: Bundle, _ manager: Manager, isUpdated: Bool, _ when: String) {
        let path = manager == .systemd ? "/system.slice/" + bundle.unit.name : bundle.cgroup
        for row in rows {
            let directory = Cgroup.directory(row.kept.controller, path) ?? ""
            var value = row.kept.value(in: read(directory + "/" + row.kept.file))
            // A disk without a limit has no line.
            if value.isEmpty, case .diskKey = row.kept.part { value = "max" }
            #expect(
                value == row.file(isUpdated: isUpdated), "\(row.limit.place) in \(row.kept.file), \(manager), \(when)")
        }
    }

    private func compareProperties(_ rows: [Row], _ bundle: Bundle, isUpdated: Bool, _ when: String) throws {
        let properties = try bundle.unit.properties(rows.compactMap(\.kept.property))
        for row in rows {
            guard let property = row.kept.property else { continue }
            #expect(
                properties[property] ?? "" == row.shown(isUpdated: isUpdated), "\(property) for \(row.limit.place), \(when)")
        }
    }

    // MARK: What this machine has

    /// The file for a row, or why there is none.
    private static func kept(_ limit: Limit, _ files: Set<String>, _ manager: Manager) -> Result<Kept, HarnessFailure> {
        let all = Host.isUnified ? limit.v2 : limit.v1
        guard let first = all.first else { return .failure(HarnessFailure("not in cgroup v\(Host.isUnified ? 2 : 1)")) }
        guard Cgroup.hasController(first.controller) else {
            return .failure(HarnessFailure("this machine has no controller \(first.controller)"))
        }
        guard let kept = all.first(where: { files.contains($0.file) }) else {
            return .failure(HarnessFailure("this kernel has no \(all.map(\.file).joined(separator: " or "))"))
        }
        if kept.isOfDisk, !Disk.isThere { return .failure(HarnessFailure("this machine has no disk")) }
        if kept.isOfDisk, kept.file.contains("weight"), !Disk.isShared(by: kept.file) {
            return .failure(HarnessFailure("the disk isn't shared by \(kept.file): needs BFQ or io.cost.qos"))
        }
        if manager == .systemd, kept.version > Unit.version {
            return .failure(HarnessFailure("systemd \(Unit.version) has no \(kept.property ?? "")"))
        }
        return .success(kept)
    }

    /// The files in a cgroup that isn't the root, with all controllers.
    private static func filesOfThisKernel() throws -> Set<String> {
        let path = "/\(Workspace.name)-files"
        if Host.isUnified {
            for name in read("/sys/fs/cgroup/cgroup.controllers").words {
                _ = h_put("/sys/fs/cgroup/cgroup.subtree_control", "+" + name)
            }
        }
        var files: Set<String> = []
        for directory in Cgroup.hierarchies.map({ $0 + path }) {
            guard mkdir(directory, 0o755) == 0 else { throw HarnessFailure.system("mkdir \(directory)") }
            files.formUnion(entries(of: directory))
            rmdir(directory)
        }
        return files
    }
}

extension Unit {
    /// The version of the machine's systemd; 0 without one.
    static let version: Int = {
        let words = (try? run("--version"))?.words ?? []
        return words.count > 1 ? Int(words[1].prefix { $0.isNumber }) ?? 0 : 0
    }()
}
