import CHarness
import Testing

/// The unit of a container, as systemd sees it.
struct Unit {
    let name: String

    /// Whether systemd runs this machine, and has a bus.
    static let canExist = exists("/run/systemd/system") && exists("/run/dbus/system_bus_socket")

    static func run(_ arguments: String...) throws -> String {
        let finished = try Command(["/usr/bin/systemctl"] + arguments).run()
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
        return finished.output
    }

    /// The values of properties, as `systemctl show` prints them.
    func properties(_ names: [String]) throws -> [String: String] {
        let text = try Unit.run("show", "--property", names.joined(separator: ","), name)
        var values: [String: String] = [:]
        for line in text.lines {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    func property(_ name: String) throws -> String { try properties([name])[name] ?? "none" }

    /// Whether systemd knows the unit.
    func isKnown() throws -> Bool { try property("LoadState") != "not-found" }
}

extension Trait where Self == ConditionTrait {
    /// Skips the tests unless systemd runs this machine.
    static var needsSystemd: Self { .enabled(if: Unit.canExist, "systemd doesn't run this machine") }
}

extension Bundle {
    static let systemd = ["--systemd-cgroup"]

    /// A bundle whose container is to be in a unit that no other test has.
    static func inUnit(slice: String = "", _ configure: (inout JSON) throws -> Void = { _ in }) throws -> Bundle {
        let bundle = try Bundle {
            $0.runs(arguments: ["sleep", "1000"])
            try configure(&$0)
        }
        bundle.config.linux.cgroupsPath = .string("\(slice):wherry:\(bundle.unitStem)")
        return bundle
    }

    /// The last part of the sandbox's cgroup: unique, and without characters that systemd treats in a special way.
    private var unitStem: String { String(cgroup.split(separator: "/").joined(separator: "-")) }

    var unit: Unit { Unit(name: "wherry-\(unitStem).scope") }

    /// Creates and starts the container through systemd.
    func startInUnit() throws -> Container {
        let created = try command("create", global: Bundle.systemd).run()
        guard created.succeeded else { throw HarnessFailure("\(created)") }
        let container = try Container(of: self, created)
        try container.start()
        return container
    }
}
