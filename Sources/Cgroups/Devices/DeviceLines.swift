public import Bytes
import Errors
public import OCI

/// A line for v1's devices.allow or devices.deny: admin-guide/cgroup-v1/devices.rst.
public struct DeviceLine: Equatable, Sendable {
    /// Whether the line is for devices.allow.
    public let allow: Bool
    public let text: ByteString
    /// The index of its rule in the configuration; nil for the rules that every container has.
    let index: Int?
}

extension DeviceLine {
    /// The lines, in the rules' order, that make the kernel's list equivalent to the rules.
    ///
    /// The kernel keeps a default and a list of exceptions. It removes an exception only if a line has exactly the same
    /// numbers. It accepts a line for a part of a broader exception, but ignores it. Rules that would need such a line are
    /// refused here. A rule that changes nothing makes no line.
    ///
    /// - Parameters:
    ///   - rules: all rules of the container.
    ///   - context: the place of the rules in their document, for errors.
    /// - Returns: the lines.
    /// - Throws: `unsupported` for a rule that would take a part out of a broader one.
    static func lines(for rules: DeviceRules, _ context: PlanContext) throws(RuntimeError) -> [DeviceLine] {
        var lines: [DeviceLine] = []
        var defaultAllow = false
        var exceptions: [DeviceRule] = []
        for entry in rules.entries {
            switch entry {
            case .reset(let allow, let index):
                lines = [DeviceLine(allow: allow, text: "a", index: index)]
                defaultAllow = allow
                exceptions = []
            case .rule(let rule):
                if rule.allow == defaultAllow {
                    lines += try takeAway(rule, from: &exceptions, context)
                } else if add(rule, to: &exceptions) {
                    lines.append(DeviceLine(rule, access: rule.access))
                }
            }
        }
        return lines
    }

    /// The lines for the rules of a configuration; nil if no lines are equivalent to them.
    ///
    /// - Parameter rules: The rules of the configuration.
    /// - Returns: The lines for them and for the devices of every container.
    public static func lines(for rules: [Resources.DeviceRule]) -> [DeviceLine]? {
        let context = PlanContext(base: "", locations: ControllerLocations(v1: [], v2: [], filter: false), access: .required)
        return try? lines(for: DeviceRules.complete(rules), context)
    }

    /// Adds an exception; false if the list has it already.
    private static func add(_ rule: DeviceRule, to exceptions: inout [DeviceRule]) -> Bool {
        if let same = exceptions.firstIndex(where: { $0.covers(rule) && rule.covers($0) }) {
            if exceptions[same].access.isSuperset(of: rule.access) { return false }
            exceptions[same].access.formUnion(rule.access)
        } else {
            exceptions.append(rule)
        }
        return true
    }

    /// Removes the exceptions that the rule covers, and returns the lines for that.
    private static func takeAway(_ rule: DeviceRule, from exceptions: inout [DeviceRule], _ context: PlanContext)
        throws(RuntimeError)
        -> [DeviceLine]
    {
        var lines: [DeviceLine] = []
        for (place, exception) in exceptions.enumerated() where rule.meets(exception) {
            let common = exception.access.intersection(rule.access)
            if common.isEmpty { continue }
            guard rule.covers(exception) else {
                throw RuntimeError(
                    .unsupported, "cgroup v1 can't take a part out of an earlier, broader device rule",
                    pointer: PropertyName("devices", index: rule.index).pointer(context.base),
                    hint: "list the devices of the broader rule one by one, or use cgroup v2")
            }
            var exact = exception
            exact.allow = rule.allow
            exact.index = rule.index
            lines.append(DeviceLine(exact, access: common))
            exceptions[place].access.subtract(common)
        }
        exceptions.removeAll { $0.access.isEmpty }
        return lines
    }

    private init(_ rule: DeviceRule, access: DeviceAccess) {
        var text = ByteBuffer(capacity: 24)
        text.append(rule.kind == .block ? "b " : "c ")
        DeviceLine.append(rule.major, to: &text)
        text.append(":")
        DeviceLine.append(rule.minor, to: &text)
        text.append(" ")
        if access.contains(.read) { text.append("r") }
        if access.contains(.write) { text.append("w") }
        if access.contains(.mknod) { text.append("m") }
        self.init(allow: rule.allow, text: ByteString(text.bytes), index: rule.index)
    }

    private static func append(_ number: UInt32?, to text: inout ByteBuffer) {
        if let number { text.append(ByteString(decimal: number)) } else { text.append("*") }
    }
}
