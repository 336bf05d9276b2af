import CHarness
import Testing

/// Whether criu can work on this machine, as it says itself.
enum Criu {
    /// What it complains of; nil where it works.
    static let complaint: String? = {
        guard Host.isRoot else { return "criu works as root" }
        do {
            let check = try Command(["criu", "check"]).run()
            return check.succeeded ? nil : "criu check: " + (check.errors.lines.last ?? "\(check.ending)")
        } catch {
            return "\(error)"
        }
    }()
}

extension Trait where Self == ConditionTrait {
    static var needsCriu: Self { .enabled(if: Criu.complaint == nil, Comment(rawValue: Criu.complaint ?? "")) }
}

extension Bundle {
    /// Where the tests put a container's image.
    var image: String { path + "/image" }

    /// Has the container count in its memory, and show it in a file of its root.
    func counts() { config.runs("i=0; while :; do i=$((i+1)); echo $i >/tmp/count; sleep 0.02; done") }

    var count: Int { Int(read(rootfs + "/tmp/count").trimmed) ?? 0 }

    /// Waits until it has counted on.
    func waitForCounting() throws {
        let before = count
        try eventually("a count above \(before)") { count > before }
    }

    func checkpoint(_ options: String...) throws -> Finished {
        try sandbox.command(["checkpoint", "--image-path", image] + options + [id]).run()
    }

    /// Restores the container, which has to succeed.
    func restore(_ options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }) throws -> Container {
        var command = try command("restore", ["--detach", "--image-path", image] + options)
        adjust(&command)
        let restored = try command.run()
        guard restored.succeeded else { throw HarnessFailure("\(restored)") }
        return try Container(of: self, restored)
    }

    /// What `restore` complains of, which must leave nothing.
    func refusalToRestore(_ options: [String] = []) throws -> String {
        try refusal(by: "restore", options: ["--detach", "--image-path", image] + options)
    }
}
