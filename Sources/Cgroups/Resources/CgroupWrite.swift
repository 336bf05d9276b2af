public import Bytes

/// A value for one of the kernel's files in the container's cgroup.
public struct CgroupWrite: Sendable {
    /// Nil for a file that isn't a controller's, in the v2 directory.
    public let controller: Controller?
    public let file: ByteString
    public let value: ByteString
    public let property: PropertyName

    /// A kernel that hasn't got the file does already what the value asks for.
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

/// What is done to a cgroup for one property, or for some that the kernel checks against each other.
public enum CgroupStep: Sendable {
    case write(CgroupWrite)

    /// The kernel checks each against the present values of the others, so that the order depends on whether limits rise or
    /// fall. What is refused with EINVAL is tried again after the others.
    case together([CgroupWrite])

    /// The first whose file this kernel has.
    case firstPresent([CgroupWrite])

    /// cpu.max of v2 with a new period and the present quota.
    case cpuPeriod(UInt64)

    /// memory.max and memory.swap.max of v2. Swap that grows grows first, and swap that shrinks shrinks last: memory that is
    /// taken away can then be swapped out.
    case memoryAndSwap(memory: CgroupWrite, swap: CgroupWrite)

    /// `memory.swap` without `memory.limit`, in bytes: its v2 value depends on the limit that is set already.
    case swapAbovePresentLimit(Int64)

    /// `memory.checkBeforeUpdate`: in bytes, `swap` as v2 counts it.
    case refuseBelowUsage(limit: Int64, swap: Int64?)

    /// memory.kmem.limit_in_bytes of v1, which newer kernels take and do nothing with: then it's said.
    case kernelMemory(CgroupWrite)

    /// One line after another into devices.allow and devices.deny of v1.
    case deviceLines([DeviceLine])

    /// The device filter of v2.
    case deviceProgram([BPFInstruction])
}

extension CgroupWrite {
    fileprivate var line: String { file.displayText + " = " + value.displayText }
}

extension CgroupStep {
    /// In words.
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

/// The property of `linux.resources` that a value comes from, for messages: a JSON pointer, put together only when it's needed.
public struct PropertyName: Sendable {
    let name: StaticString
    let index: Int?
    let key: ByteString?
    let member: StaticString?

    /// The path from `resources` on ("memory/limit"); the place in the array, or the key of the object, that it is; the element's
    /// property.
    init(_ name: StaticString, index: Int? = nil, key: ByteString? = nil, member: StaticString? = nil) {
        self.name = name
        self.index = index
        self.key = key
        self.member = member
    }

    /// The pointer (RFC 6901), where the resources themselves are at `base`.
    func pointer(_ base: String) -> String {
        var text = base + "/" + name.description
        if let index { text += "/" + String(index) }
        if let key { text += "/" + key.escapedForJSONPointer }
        if let member { text += "/" + member.description }
        return text
    }
}
