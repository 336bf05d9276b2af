import CHarness
import Testing

/// Whether criu works on this machine (`criu check`).
enum Criu {
    /// Why criu doesn't work here; nil if it works.
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
    /// Skips the tests where criu doesn't work.
    static var needsCriu: Self { .enabled(if: Criu.complaint == nil, Comment(rawValue: Criu.complaint ?? "")) }
}

extension Bundle {
    /// The directory that the tests use for a container's image.
    var image: String { path + "/image" }

    /// Makes the process count in its memory, and write each number to a file in its root.
    func counts() { config.runs("i=0; while :; do i=$((i+1)); echo $i >/tmp/count; sleep 0.02; done") }

    /// The number that the process has written last; 0 if there is none.
    var count: Int { Int(read(rootfs + "/tmp/count").trimmed) ?? 0 }

    /// Waits until the count has increased.
    func waitForCounting() throws {
        let before = count
        try eventually("a count above \(before)") { count > before }
    }

    /// Runs `checkpoint`, which may fail.
    func checkpoint(_ options: String...) throws -> Finished {
        try sandbox.command(["checkpoint", "--image-path", image] + options + [id]).run()
    }

    /// Restores the container. Throws if that fails.
    func restore(_ options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }) throws -> Container {
        var command = try command("restore", ["--detach", "--image-path", image] + options)
        adjust(&command)
        let restored = try command.run()
        guard restored.succeeded else { throw HarnessFailure("\(restored)") }
        return try Container(of: self, restored)
    }

    /// The message of a `restore` that must fail and leave nothing of the container.
    func refusalToRestore(_ options: [String] = []) throws -> String {
        try refusal(by: "restore", options: ["--detach", "--image-path", image] + options)
    }
}
