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
                let limit: Int64? = try pids.integer("limit", in: -1...Int64.max)
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
            throw value.error("\(quoted(access)) must be made of r (read), w (write) and m (mknod)")
        }
        return access
    }

    /// nil, which is every number, where it's absent or -1.
    fileprivate mutating func deviceNumber(_ name: StaticString) throws(RuntimeError) -> UInt32? {
        let number: Int64? = try integer(name, in: -1...Int64(UInt32.max))
        return number.flatMap { UInt32(exactly: $0) }
    }

    /// Bytes, or -1 for no limit.
    fileprivate mutating func limit(_ name: StaticString) throws(RuntimeError) -> Int64? { try integer(name, in: -1...Int64.max) }

    /// 0, which docker sends, is as good as absent.
    fileprivate mutating func weight(_ name: StaticString) throws(RuntimeError) -> UInt16? {
        guard let value = value(name) else { return nil }
        let weight = try value.integer(in: UInt16.min...UInt16.max)
        guard weight != 0 else { return nil }
        guard (10...1000).contains(weight) else {
            throw value.error("a weight must be from 10 to 1000, found \(decimal(weight))")
        }
        return weight
    }

    /// Numbers and ranges, such as "0-3,7".
    mutating func numberList(_ name: StaticString) throws(RuntimeError) -> ByteString? {
        guard let value = value(name) else { return nil }
        let text = try value.text()
        guard !text.isEmpty else { return nil }
        guard NumberList(text) != nil else { throw value.error("\(quoted(text)) is no list of numbers and ranges such as 0-3,7") }
        return text
    }
}

extension Resources.Memory {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            limit: object.limit("limit"),
            reservation: object.limit("reservation"),
            swap: object.limit("swap"),
            kernel: object.limit("kernel"),
            kernelTCP: object.limit("kernelTCP"),
            swappiness: object.integer("swappiness", in: 0...100),
            disableOOMKiller: object.bool("disableOOMKiller"),
            useHierarchy: object.bool("useHierarchy"),
            checkBeforeUpdate: object.bool("checkBeforeUpdate"))
        object.finish()
    }
}

extension Resources.CPU {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            shares: object.integer("shares"),
            quota: object.limit("quota"),
            burst: object.integer("burst"),
            period: object.integer("period"),
            realtimeRuntime: object.limit("realtimeRuntime"),
            realtimePeriod: object.integer("realtimePeriod"),
            cpus: object.numberList("cpus"),
            mems: object.numberList("mems"),
            idle: object.integer("idle", in: 0...1))
        object.finish()
        guard let burst, let quota, quota > 0, burst > UInt64(quota) else { return }
        throw value.error("the burst of \(decimal(burst)) µs is above the quota of \(decimal(quota)) µs")
    }
}

extension Resources.BlockIO {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            weight: object.weight("weight"),
            leafWeight: object.weight("leafWeight"),
            weightDevice: object.list("weightDevice", Resources.WeightDevice.init),
            throttleReadBpsDevice: object.list("throttleReadBpsDevice", Resources.ThrottleDevice.init),
            throttleWriteBpsDevice: object.list("throttleWriteBpsDevice", Resources.ThrottleDevice.init),
            throttleReadIOPSDevice: object.list("throttleReadIOPSDevice", Resources.ThrottleDevice.init),
            throttleWriteIOPSDevice: object.list("throttleWriteIOPSDevice", Resources.ThrottleDevice.init))
        object.finish()
    }
}

private let blockDeviceNumbers: ClosedRange<Int64> = 0...Int64(UInt32.max)

extension Resources.WeightDevice {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            major: object.requiredInteger("major", in: blockDeviceNumbers),
            minor: object.requiredInteger("minor", in: blockDeviceNumbers),
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
            major: object.requiredInteger("major", in: blockDeviceNumbers),
            minor: object.requiredInteger("minor", in: blockDeviceNumbers),
            rate: object.requiredInteger("rate"))
        object.finish()
    }
}

extension Resources.HugepageLimit {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        let size = try object.required("pageSize")
        try self.init(pageSize: size.filledText(), limit: object.requiredInteger("limit"))
        object.finish()
        guard isPageSize(pageSize) else { throw size.error("\(quoted(pageSize)) is no page size such as 64KB, 2MB, 1GB") }
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
        let interface = try object.required("name")
        try self.init(name: interface.filledText(), priority: object.requiredInteger("priority"))
        object.finish()
        guard isInterfaceName(name) else { throw interface.error("\(quoted(name)) can't be the name of a network interface") }
    }
}

extension Resources.RDMALimit {
    fileprivate init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(member.value, notes)
        try self.init(
            device: member.key, hcaHandles: object.integer("hcaHandles"), hcaObjects: object.integer("hcaObjects"))
        object.finish()
        guard isPlainFileName(device), !device.contains(UInt8(ascii: " ")) else {
            throw member.value.error("\(quoted(device)) can't be the name of an RDMA device")
        }
        guard hcaHandles != nil || hcaObjects != nil else { throw member.value.error("must have hcaHandles or hcaObjects") }
    }
}

extension Resources.UnifiedEntry {
    fileprivate init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        try self.init(file: member.key, value: member.value.text())
        guard isPlainFileName(file) else { throw member.value.error("\(quoted(file)) can't be the name of a cgroup's file") }
    }
}
