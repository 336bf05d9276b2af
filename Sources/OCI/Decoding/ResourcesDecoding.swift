import Bytes
import Errors

extension Resources {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        self.init()
        var object = try ObjectDecoder(value, notes)
        devices = try object.list("devices", DeviceRule.init)
        memory = try object.nested("memory", Memory.init)
        cpu = try object.nested("cpu", CPU.init)
        pidsLimit =
            try object.nested("pids") { (value, notes) throws(RuntimeError) in
                var pids = try ObjectDecoder(value, notes)
                let limit = try pids.limit("limit")
                pids.finish()
                return limit
            } ?? nil
        blockIO = try object.nested("blockIO", BlockIO.init)
        hugepageLimits = try object.list("hugepageLimits", HugepageLimit.init)
        network = try object.nested("network", Network.init)
        rdma = try object.map("rdma", RDMALimit.init)
        unified = try object.map("unified", UnifiedEntry.init)
        object.finish()
    }
}

extension Resources.DeviceRule {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        guard let allow = try object.bool("allow") else { throw object.missing("allow") }
        let access = try object.access("access")
        try self.init(
            allow: allow,
            kind: object.choice("type", Names.deviceRule) ?? .all,
            major: object.deviceNumber("major"),
            minor: object.deviceNumber("minor"),
            read: access.contains(UInt8(ascii: "r")),
            write: access.contains(UInt8(ascii: "w")),
            mknod: access.contains(UInt8(ascii: "m")))
        object.finish()
    }
}

extension ObjectDecoder {
    fileprivate mutating func access(_ name: StaticString) throws(RuntimeError) -> ByteString {
        let value = try required(name)
        let access = try value.filledText()
        for letter in access.bytes where letter != UInt8(ascii: "r") && letter != UInt8(ascii: "w") && letter != UInt8(ascii: "m")
        {
            throw value.error(quoted(access) + " must be made of r (read), w (write) and m (mknod)")
        }
        return access
    }

    /// Reads a device number; nil, for an absent property or -1, stands for every number.
    fileprivate mutating func deviceNumber(_ name: StaticString) throws(RuntimeError) -> UInt32? {
        let number: Int64? = try integer(name, in: -1...Int64(UInt32.max))
        return number.flatMap { UInt32(exactly: $0) }
    }
}

extension ObjectDecoder {
    /// Reads a number. Engines send 0 for "unset", so 0 means the same as an absent property.
    fileprivate mutating func positive(_ name: StaticString) throws(RuntimeError) -> UInt64? {
        let number: UInt64? = try integer(name)
        return number == 0 ? nil : number
    }
}

extension Resources.Memory {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            limit: object.positiveLimit("limit"),
            reservation: object.positiveLimit("reservation"),
            swap: object.positiveLimit("swap"),
            kernel: object.positiveLimit("kernel"),
            kernelTCP: object.positiveLimit("kernelTCP"),
            swappiness: object.integer("swappiness", in: 0...100),
            disableOOMKiller: object.bool("disableOOMKiller"),
            useHierarchy: object.bool("useHierarchy"),
            checkBeforeUpdate: object.bool("checkBeforeUpdate"))
        object.finish()
        guard let limit, let swap, !swap.isUnlimited else { return }
        let place = value["swap"] ?? value
        guard !limit.isUnlimited else {
            throw place.error("a limit on memory and swap together needs one on memory, which is unlimited")
        }
        guard swap.number >= limit.number else {
            throw place.error(
                decimal(swap.number) + " is below the memory limit of " + decimal(limit.number),
                hint: "swap is the limit of memory and swap together")
        }
    }
}

extension Resources.CPU {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            shares: object.positive("shares"),
            quota: object.positiveLimit("quota"),
            burst: object.integer("burst"),
            period: object.positive("period"),
            realtimeRuntime: object.positiveLimit("realtimeRuntime"),
            realtimePeriod: object.positive("realtimePeriod"),
            cpus: object.checkedText("cpus"),
            mems: object.checkedText("mems"),
            idle: object.integer("idle", in: 0...1 as ClosedRange<UInt8>).map { $0 == 1 })
        object.finish()
        guard let burst, let quota, !quota.isUnlimited, burst > quota.number else { return }
        throw value.error("the burst of " + decimal(burst) + " µs is above the quota of " + decimal(quota.number) + " µs")
    }
}

extension Resources.BlockIO {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            weight: object.weight("weight"),
            leafWeight: object.weight("leafWeight"),
            weightDevice: object.list("weightDevice", Resources.WeightDevice.init),
            throttleReadBpsDevice: object.throttleDevices("throttleReadBpsDevice"),
            throttleWriteBpsDevice: object.throttleDevices("throttleWriteBpsDevice"),
            throttleReadIOPSDevice: object.throttleDevices("throttleReadIOPSDevice"),
            throttleWriteIOPSDevice: object.throttleDevices("throttleWriteIOPSDevice"))
        object.finish()
    }
}

extension ObjectDecoder {
    /// Not inlined, so that the four properties share one copy of the code.
    @inline(never)
    fileprivate mutating func throttleDevices(_ name: StaticString) throws(RuntimeError) -> [Resources.ThrottleDevice] {
        try list(name, Resources.ThrottleDevice.init)
    }
}

extension Resources.WeightDevice {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            device: DeviceNumber(of: &object),
            weight: object.weight("weight"),
            leafWeight: object.weight("leafWeight"))
        object.finish()
        guard weight != nil || leafWeight != nil else { throw value.error("must have a weight or a leafWeight") }
    }
}

extension Resources.ThrottleDevice {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            device: DeviceNumber(of: &object),
            rate: object.requiredInteger("rate"))
        object.finish()
    }
}

extension Resources.HugepageLimit {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(pageSize: object.requiredCheckedText("pageSize"), limit: object.requiredInteger("limit"))
        object.finish()
    }
}

extension Resources.Network {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            classID: object.integer("classID"),
            priorities: object.list("priorities", Priority.init))
        object.finish()
    }
}

extension Resources.Network.Priority {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(name: object.requiredCheckedText("name"), priority: object.requiredInteger("priority"))
        object.finish()
    }
}

extension Resources.RDMALimit {
    fileprivate init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(member.value, notes)
        try self.init(
            device: member.value.checked(member.key), hcaHandles: object.integer("hcaHandles"),
            hcaObjects: object.integer("hcaObjects"))
        object.finish()
        guard hcaHandles != nil || hcaObjects != nil else { throw member.value.error("must have hcaHandles or hcaObjects") }
    }
}

extension Resources.UnifiedEntry {
    fileprivate init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        let lines = try member.value.text().split(separator: UInt8(ascii: "\n")).filter { !$0.isEmpty }
        try self.init(file: member.value.checked(member.key), lines: lines)
        guard !lines.isEmpty else { throw member.value.error("the value is empty") }
    }
}
