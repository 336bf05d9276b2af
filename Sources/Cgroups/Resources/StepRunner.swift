import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Carries out all steps of a plan, in a cgroup in which no more processes of the container have to be made.
    public func apply(_ plan: ResourcePlan) throws(RuntimeError) {
        try applyEarly(plan)
        try applyLate(plan)
    }

    /// Carries out the steps that come before a process is in the cgroup.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - filter: The plan's device program, if it's loaded already.
    /// - Throws: `cgroup` if the kernel refuses something.
    public func applyEarly(_ plan: ResourcePlan, filter: LoadedDeviceFilter? = nil) throws(RuntimeError) {
        try run(plan.steps, plan.context, filter: filter)
    }

    /// Carries out the steps that come after Init has made its last process.
    public func applyLate(_ plan: ResourcePlan) throws(RuntimeError) { try run(plan.lateSteps, plan.context) }

    func run(
        _ steps: [CgroupStep], _ context: PlanContext, _ journal: UpdateJournal? = nil, filter: LoadedDeviceFilter? = nil
    ) throws(RuntimeError) {
        let runner = StepRunner(cgroup: self, context: context, journal: journal, filter: filter)
        for step in steps { try runner.run(step) }
    }
}

/// Carries out a plan's steps in the container's cgroup.
struct StepRunner {
    let cgroup: Cgroup
    let context: PlanContext
    let journal: UpdateJournal?
    var filter: LoadedDeviceFilter?

    func run(_ step: CgroupStep) throws(RuntimeError) {
        switch step {
        case .write(let write):
            if let error = try attempt(write) { throw explained(error, write) }
        case .together(let writes): try runTogether(writes)
        case .firstPresent(let writes): try runFirstPresent(writes)
        case .cpuPeriod(let period): try setPeriod(period)
        case .memoryAndSwap(let memory, let swap): try setMemory(memory, swap)
        case .swapAbovePresentLimit(let total): try setSwap(total)
        case .refuseBelowUsage(let limit, let swap): try refuseBelowUsage(limit, swap)
        case .kernelMemory(let write): try setKernelMemory(write)
        case .deviceLines(let lines): try writeLines(lines)
        case .deviceProgram(let program): try attach(program)
        }
    }

    /// Writes a value, and notes the earlier one in the journal.
    ///
    /// - Returns: the error if the kernel refuses the value.
    /// - Throws: an error if the cgroup's directory can't be opened.
    private func attempt(_ write: CgroupWrite) throws(RuntimeError) -> SystemError? {
        let directory = try directory(of: write.controller, write.property)
        do throws(SystemError) {
            let before = journal == nil ? nil : try directory.readIfPresent(write.file)
            try directory.write(write.file, write.value)
            if let before { journal?.note(write.file, before: before, written: write.value, in: directory) }
            return nil
        } catch {
            return error.errno == .ENOENT && write.optional ? nil : error
        }
    }

    private func runTogether(_ writes: [CgroupWrite]) throws(RuntimeError) {
        var waiting = writes
        while !waiting.isEmpty {
            var refused: [(write: CgroupWrite, error: SystemError)] = []
            for write in waiting {
                guard let error = try attempt(write) else { continue }
                guard error.errno == .EINVAL else { throw explained(error, write) }
                refused.append((write, error))
            }
            // If all remaining writes are refused, another attempt would be refused too.
            if let first = refused.first, refused.count == waiting.count { throw explained(first.error, first.write) }
            waiting = refused.map { $0.write }
        }
    }

    private func runFirstPresent(_ writes: [CgroupWrite]) throws(RuntimeError) {
        for (place, write) in writes.enumerated() {
            guard let error = try attempt(write) else { return }
            if error.errno == .ENOENT, place + 1 < writes.count { continue }
            throw explained(error, write)
        }
    }

    private func setPeriod(_ period: UInt64) throws(RuntimeError) {
        let property = PropertyName("cpu/period")
        let present = try read("cpu.max", .cpu, property).words.first ?? "max"
        try run(.write(CgroupWrite(.cpu, "cpu.max", present + " " + ByteString(decimal: period), property)))
    }

    private func setMemory(_ memory: CgroupWrite, _ swap: CgroupWrite) throws(RuntimeError) {
        // "max" isn't a number; the largest integer stands for it, so it counts as the highest limit.
        let present = try readLimit("memory.swap.max", swap.property) ?? 0
        let swapFirst = (swap.value.decimal(as: Int64.self) ?? .max) > present
        for write in swapFirst ? [swap, memory] : [memory, swap] { try run(.write(write)) }
    }

    private func setSwap(_ total: Int64) throws(RuntimeError) {
        let property = PropertyName("memory/swap")
        let limit = try readLimit("memory.max", property) ?? .max
        guard limit <= total else {
            throw context.invalid(
                property,
                limit == .max
                    ? "a limit on memory and swap together needs one on memory, which is unlimited"
                    : String(total) + " is below the limit on memory, " + String(limit))
        }
        try run(.write(CgroupWrite(.memory, "memory.swap.max", total - limit, property, optional: total == limit)))
    }

    /// Sets the limit on kernel memory: cgroup-v1/memory.rst, "Kernel Memory Extension". Since kernel 5.16 the write fails with
    /// EOPNOTSUPP. Later kernels ignore it, and the newest ones don't have the file.
    private func setKernelMemory(_ write: CgroupWrite) throws(RuntimeError) {
        if let error = try attempt(write), error.errno != .EOPNOTSUPP { throw explained(error, write) }
        try noteKernelMemory(write)
    }

    /// Adds a warning if the kernel didn't accept the limit on kernel memory.
    func noteKernelMemory(_ write: CgroupWrite) throws(RuntimeError) {
        // No limit (-1) needs no warning: it's the behaviour of such a kernel.
        guard let wanted = write.value.decimal(as: Int64.self), wanted > 0 else { return }
        // The file may show a lower number, because the kernel rounds down to pages.
        if let limit = try readLimit(write.file, write.property), limit <= wanted { return }
        cgroup.warnings.append(
            write.property.pointer(context.base)
                + ": no effect, since this kernel has no limit on its own memory; memory.limit counts it with the rest")
    }

    private func refuseBelowUsage(_ limit: Int64, _ swap: Int64?) throws(RuntimeError) {
        let property = PropertyName("memory/limit")
        let usage = try readLimit("memory.current", property) ?? 0
        var room = limit
        var used = usage
        if let swap, swap >= 0 {
            room = limit.addingReportingOverflow(swap).partialValue
            used += try readLimit("memory.swap.current", property) ?? 0
        }
        guard used > room else { return }
        throw RuntimeError(
            .cgroup, "the container uses " + String(used) + " bytes, more than the new limit of " + String(room),
            pointer: property.pointer(context.base),
            hint: "without memory.checkBeforeUpdate the kernel would take the memory away")
    }

    private func writeLines(_ lines: [DeviceLine]) throws(RuntimeError) {
        let property = PropertyName("devices")
        guard let directory = try deviceDirectory(property) else { return }
        let place = directory.path
        let (allow, deny) = try explaining(
            .cgroup, "can't open the cgroup's device list", path: place,
            (
                try SharedDescriptor(directory.descriptor.open("devices.allow", flags: .writeOnly)),
                try SharedDescriptor(directory.descriptor.open("devices.deny", flags: .writeOnly))
            ))
        for line in lines {
            do throws(SystemError) {
                try (line.allow ? allow : deny).file.writeAll(line.text.bytes)
            } catch {
                let property = line.index.map { PropertyName("devices", index: $0) } ?? property
                // devices.rst: the kernel refuses with EPERM what the parent's list doesn't allow.
                let reason = line.allow && error.errno == .EPERM ? ", which the parent cgroup doesn't allow" : ""
                throw RuntimeError(
                    .cgroup, "can't " + (line.allow ? "allow" : "deny") + " the devices " + line.text.quoted + reason, error,
                    pointer: property.pointer(context.base), path: place)
            }
        }
    }

    private func attach(_ program: [BPFInstruction]) throws(RuntimeError) {
        guard let directory = try deviceDirectory(PropertyName("devices")) else { return }
        do throws(RuntimeError) {
            try directory.attachDeviceFilter(program, loaded: filter)
        } catch {
            // A rootless container does without a device filter: in a user namespace, the kernel allows no process to load one.
            // Root there can't make device nodes, so it only has those that it was given.
            guard context.access == .optional, error.errno == .EPERM else { throw error }
        }
    }
}

extension StepRunner {
    /// The directory for device rules; nil if a rootless container has no such directory.
    private func deviceDirectory(_ property: PropertyName) throws(RuntimeError) -> CgroupDirectory? {
        if context.access == .optional, cgroup.group(of: .devices) == nil { return nil }
        return try directory(of: .devices, property)
    }

    private func directory(of controller: Controller?, _ property: PropertyName) throws(RuntimeError) -> CgroupDirectory {
        let group = controller.map { cgroup.group(of: $0) } ?? cgroup.groups.first { $0.version == .v2 }
        guard let group else {
            guard let denied = cgroup.denied else {
                throw controller.map { context.missing($0, property) } ?? context.withoutV2(property)
            }
            throw RuntimeError(
                .cgroup,
                "no cgroup could be made that would enforce it"
                    + (denied.errno == .EROFS ? ", since the host's are mounted read-only" : ""),
                denied, pointer: property.pointer(context.base),
                hint: Cgroup.hint(for: denied, version: .v2))
        }
        return try explaining(.cgroup, "can't open the cgroup", path: group.place(), group.directory())
    }

    private func read(_ file: ByteString, _ controller: Controller, _ property: PropertyName) throws(RuntimeError) -> ByteString {
        let directory = try directory(of: controller, property)
        do throws(SystemError) {
            return try directory.read(file)
        } catch {
            throw unreadable(file, error, property, directory)
        }
    }

    private func unreadable(
        _ file: ByteString, _ error: SystemError, _ property: PropertyName, _ directory: CgroupDirectory
    ) -> RuntimeError {
        RuntimeError(
            .cgroup, "can't read " + file.displayText, error, pointer: property.pointer(context.base), path: directory.path)
    }

    /// Reads a limit: a number, or the largest integer for "max"; nil if there is no such file.
    private func readLimit(_ file: ByteString, _ property: PropertyName) throws(RuntimeError) -> Int64? {
        let directory = try directory(of: .memory, property)
        do throws(SystemError) {
            guard let text = try directory.readIfPresent(file) else { return nil }
            return text == "max" ? .max : text.decimal(as: Int64.self) ?? .max
        } catch {
            throw unreadable(file, error, property, directory)
        }
    }

    private func explained(_ error: SystemError, _ write: CgroupWrite) -> RuntimeError {
        let pointer = write.property.pointer(context.base)
        let place = (try? directory(of: write.controller, write.property))?.path
        let file = write.file.displayText
        guard error.errno == .ENOENT else {
            return RuntimeError(
                .cgroup, "the kernel refuses " + write.value.quoted + " for " + file + reason(for: error, write), error,
                pointer: pointer, path: place, hint: hint(for: error, write))
        }
        // On v2, the files are missing if the parents don't hand the controller down.
        if let controller = write.controller, let group = cgroup.group(of: controller), group.version == .v2 {
            let names = (try? group.directory().read("cgroup.controllers").words) ?? []
            if !names.contains(where: { $0 == controller.unifiedName }) {
                let sentence = "the parent cgroups don't hand the " + controller.unifiedName.description + " controller down"
                guard let denied = cgroup.denied else {
                    return RuntimeError(.unsupported, sentence, pointer: pointer, path: place)
                }
                return RuntimeError(
                    .unsupported, sentence, denied, pointer: pointer, path: place, hint: Cgroup.hint(for: denied, version: .v2))
            }
        }
        return RuntimeError(.unsupported, "this kernel has no " + file, pointer: pointer, path: place)
    }

    /// The meaning of the error for this file, as a part of the sentence; empty if it has no special meaning.
    private func reason(for error: SystemError, _ write: CgroupWrite) -> String {
        switch (error.errno, write.controller) {
        case (.EBUSY, .memory?): ", since the container uses more memory than that"
        case (.ENODEV, .blkio?), (.ENODEV, .rdma?): ", since there is no such device"
        default: group(of: write)?.reason(for: error) ?? ""
        }
    }

    private func group(of write: CgroupWrite) -> Group? {
        write.controller.map { cgroup.group(of: $0) } ?? cgroup.groups.first { $0.version == .v2 }
    }

    private func hint(for error: SystemError, _ write: CgroupWrite) -> String? {
        switch (error.errno, write.controller) {
        case (.EINVAL, .memory?):
            "memory.swap counts memory and swap together and can't be below memory.limit: change both at once"
        case (.EINVAL, .cpuset?), (.EACCES, .cpuset?), (.ENODEV, .cpuset?), (.ERANGE, .cpuset?):
            "the list may hold only what the parent cgroup has and what is online"
        case (.EINVAL, .cpu?): "quota, period and burst have limits of their own, and those of the parent cgroup"
        case (.EACCES, _), (.EPERM, _), (.EROFS, _): Cgroup.hint(for: error, version: group(of: write)?.version ?? .v2)
        default: nil
        }
    }
}
