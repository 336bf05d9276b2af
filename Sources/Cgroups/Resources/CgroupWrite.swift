public import Bytes

/// A value to write to one of the kernel's files in the container's cgroup.
public struct CgroupWrite: Sendable {
    /// The controller that the file belongs to; nil for a file of the v2 directory that isn't looked up by a controller.
    public let controller: Controller?
    /// The name of the file.
    public let file: ByteString
    public let value: ByteString
    /// The property that the value comes from.
    public let property: PropertyName

    /// Whether the file may be missing, because a kernel without the file behaves as the value demands.
    let optional: Bool

    init(_ controller: Controller?, _ file: ByteString, _ value: ByteString, _ property: PropertyName, optional: Bool = false) {
        self.controller = controller
        self.file = file
        self.value = value
        self.property = property
        self.optional = optional
    }

    init(
        _ controller: Controller?, _ file: ByteString, _ value: some BinaryInteger, _ property: PropertyName,
        optional: Bool = false
    ) {
        self.init(controller, file, ByteString(decimal: value), property, optional: optional)
    }
}

/// A change to a cgroup for one property, or for several properties that the kernel checks against each other.
public enum CgroupStep: Sendable {
    case write(CgroupWrite)

    /// Writes that the kernel checks against the present values of each other. The right order depends on whether limits rise
    /// or fall, so a write that is refused with EINVAL is tried again after the others.
    case together([CgroupWrite])

    /// Alternatives: only the first one whose file the kernel has is written.
    case firstPresent([CgroupWrite])

    /// A new period in cpu.max of v2, in microseconds, with the present quota.
    case cpuPeriod(UInt64)

    /// memory.max and memory.swap.max of v2. A higher limit on swap is written first, and a lower one last, so that the kernel
    /// can swap memory out when the limit on memory falls.
    case memoryAndSwap(memory: CgroupWrite, swap: CgroupWrite)

    /// `memory.swap` without `memory.limit`, in bytes. The value for v2 depends on the present limit on memory.
    case swapAbovePresentLimit(Int64)

    /// `memory.checkBeforeUpdate`, in bytes. `swap` is the limit on swap alone, as v2 counts it.
    case refuseBelowUsage(limit: Int64, swap: Int64?)

    /// memory.kmem.limit_in_bytes of v1. Newer kernels ignore it, which leads to a warning.
    case kernelMemory(CgroupWrite)

    /// Lines for devices.allow and devices.deny of v1, each written by itself.
    case deviceLines([DeviceLine])

    /// The device filter of v2.
    case deviceProgram([BPFInstruction])
}

extension CgroupWrite {
    fileprivate var line: String { file.displayText + " = " + value.displayText }
}

extension CgroupStep {
    /// The names of the files that the step writes, except those of devices.
    public var files: [ByteString] {
        if case .swapAbovePresentLimit = self { ["memory.swap.max"] } else { writes.map { $0.file } }
    }

    /// The writes to a new cgroup, if their values are known before the cgroup is looked at.
    public var writes: [CgroupWrite] {
        switch self {
        case .write(let write): [write]
        case .together(let writes), .firstPresent(let writes): writes
        case .memoryAndSwap(let memory, let swap): [memory, swap]
        // As in a new cgroup, which has no quota.
        case .cpuPeriod(let period):
            [CgroupWrite(.cpu, "cpu.max", "max " + ByteString(decimal: period), PropertyName("cpu/period"))]
        case .swapAbovePresentLimit, .refuseBelowUsage, .kernelMemory, .deviceLines, .deviceProgram: []
        }
    }

    /// The step in words, for `--debug`.
    var lines: [String] {
        switch self {
        case .write(let write), .kernelMemory(let write): [write.line]
        case .together(let writes): writes.map { $0.line }
        case .firstPresent(let writes): writes.prefix(1).map { $0.line }
        case .cpuPeriod(let period): ["cpu.max with the period " + String(period)]
        case .memoryAndSwap(let memory, let swap): [memory.line, swap.line]
        case .swapAbovePresentLimit(let swap): ["memory.swap.max for a sum of " + String(swap)]
        case .refuseBelowUsage: []
        case .deviceLines(let lines): ["devices.allow and devices.deny, " + String(lines.count) + " lines"]
        case .deviceProgram: ["device filter"]
        }
    }
}

/// The property of `linux.resources` that a value comes from. Messages show it as a JSON pointer, which is made only when
/// needed.
public struct PropertyName: Sendable {
    let name: StaticString
    let index: Int?
    let key: ByteString?
    let member: StaticString?

    /// Names a property.
    ///
    /// - Parameters:
    ///   - name: the path from `resources` on, such as "memory/limit".
    ///   - index: the index, if the path leads to an array.
    ///   - key: the key, if the path leads to an object whose keys the specification doesn't define.
    ///   - member: the property of the element.
    init(_ name: StaticString, index: Int? = nil, key: ByteString? = nil, member: StaticString? = nil) {
        self.name = name
        self.index = index
        self.key = key
        self.member = member
    }

    /// The JSON pointer (RFC 6901) of the property. `base` is the pointer of the resources.
    func pointer(_ base: String) -> String {
        var text = base + "/" + name.description
        if let index { text += "/" + String(index) }
        if let key { text += "/" + key.escapedForJSONPointer }
        if let member { text += "/" + member.description }
        return text
    }
}
