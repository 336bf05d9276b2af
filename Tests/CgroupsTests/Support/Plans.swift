import Bytes
import Errors
import OCI
import Testing

@testable import Cgroups

extension ControllerLocations {
    private static let everything = ControllerSet(rawValue: .max)
    private static let unifiedNames: [Controller] = [.cpu, .cpuset, .memory, .blkio, .pids, .hugetlb, .rdma]

    static let legacy = ControllerLocations(v1: everything, v2: [], filter: false)
    static let unified = ControllerLocations(v1: [], v2: ControllerSet(unifiedNames.map { ControllerSet($0) }), filter: true)
    static let absent = ControllerLocations(v1: [], v2: [], filter: false)
}

extension Resources {
    init(_ json: String) throws { self = try Resources(parsing: Array(json.utf8)) }
}

/// The writes of a plan without device rules, each as "FILE = VALUE".
func writes(_ json: String, on locations: ControllerLocations) throws -> [String] {
    let plan = try ResourcePlan(Resources(json), locations: locations, devices: false)
    return (plan.steps + plan.lateSteps).flatMap { $0.lines }
}

/// The error that refuses a plan for these resources.
func refusal(_ json: String, on locations: ControllerLocations) throws -> RuntimeError {
    let resources = try Resources(json)
    return try #require(throws: RuntimeError.self) { try ResourcePlan(resources, locations: locations, devices: false) }
}

extension CgroupStep {
    var lines: [String] {
        switch self {
        case .write(let write): [write.line]
        case .together(let all): all.map { $0.line }
        case .firstPresent(let all): [all.map { $0.line }.joined(separator: " or ")]
        case .cpuPeriod(let period): ["cpu.max = present quota, \(period)"]
        case .memoryAndSwap(let memory, let swap): [memory.line, swap.line]
        case .swapAbovePresentLimit(let total): ["memory.swap.max = \(total) - memory.max"]
        case .refuseBelowUsage(let limit, let swap): ["usage <= \(limit) + \(swap ?? 0)"]
        case .kernelMemory(let write): [write.line]
        case .deviceLines(let lines): lines.map { ($0.allow ? "devices.allow = " : "devices.deny = ") + $0.text.displayText }
        case .deviceProgram(let program): ["program of \(program.count)"]
        }
    }
}

extension CgroupWrite {
    var line: String { file.displayText + " = " + value.displayText + (optional ? "?" : "") }
}
