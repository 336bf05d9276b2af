public import Bytes
public import Linux

/// systemd's manager of units, over D-Bus: org.freedesktop.systemd1(5), "The Manager Object".
public final class SystemdManager {
    /// The mode of jobs: they replace others that conflict with them. org.freedesktop.systemd1(5), StartUnit.
    private static let replacing: ByteString = "replace"

    private static let service: ByteString = "org.freedesktop.systemd1"
    private static let path: ByteString = "/org/freedesktop/systemd1"
    static let manager = Bus.Target(
        destination: service, path: path, interface: "org.freedesktop.systemd1.Manager")

    let bus: Bus
    /// Whether the bus was asked for the ends of jobs.
    private var isWatching = false
    /// The call for that, as long as it isn't answered.
    private var watch: Bus.PendingCall?
    /// systemd's unique name on the bus; nil as long as it hasn't answered.
    private var uniqueName: ByteString?

    public init(_ bus: Bus) { self.bus = bus }

    /// See `Bus.establish`.
    public func establish(until deadline: Deadline) throws(BusError) { try bus.establish(until: deadline) }

    /// systemd's version: 257 for the property "257.6-1~deb13u1". Distributions put their own version behind the number, and
    /// some a "v" before it.
    ///
    /// - Parameter deadline: when to give up.
    /// - Returns: the number.
    /// - Throws: an error if the property doesn't begin with a number.
    public func version(until deadline: Deadline) throws(BusError) -> Int {
        let step = "ask for systemd's version"
        let value = try property(
            "Version", of: SystemdManager.path, interface: SystemdManager.manager.interface, for: step, until: deadline)
        guard case .string(let text) = value, let number = SystemdManager.versionNumber(text) else {
            throw BusError(step, MalformedMessage("the version isn't a number"))
        }
        return number
    }

    static func versionNumber(_ text: ByteString) -> Int? {
        let digits = text.bytes[...].drop { $0 == UInt8(ascii: "v") }.prefix { $0.isDigit }
        return ByteString(digits).decimal()
    }

    /// Asks systemd to start a unit that exists only until it stops or the system restarts: StartTransientUnit. This doesn't
    /// wait for systemd; only when the job is done is the unit's cgroup there.
    ///
    /// - Parameters:
    ///   - name: the name of the unit, of a scope or slice.
    ///   - properties: the unit's properties.
    ///   - deadline: when to give up. The unit may be started nevertheless.
    /// - Returns: the job, for `wait`, which throws an error with `isUnitExists` if there is a unit of that name.
    /// - Throws: an error if the call can't be sent.
    public func startTransientUnit(
        name: ByteString, properties: [UnitProperty], until deadline: Deadline
    ) throws(BusError) -> SystemdJob {
        let step = "start unit " + SystemdManager.quoted(name)
        try watchJobs()
        var writer = MessageWriter(name, SystemdManager.replacing)
        writer.add(properties)
        // Units that belong to this one, which nobody uses yet.
        writer.addArray(alignment: 8) { _ in }
        return try job(try begin("StartTransientUnit", types: "ssa(sv)a(sa(sv))", writer, for: step), until: deadline)
    }

    /// Asks systemd to stop a unit: StopUnit. systemd ends all of the unit's processes.
    ///
    /// - Parameters:
    ///   - name: the name of the unit.
    ///   - deadline: when to give up.
    /// - Returns: the job, for `wait`, which throws an error with `isNoSuchUnit` if there is no such unit, as when all of its
    ///   processes have ended.
    /// - Throws: an error if the call can't be sent.
    public func stopUnit(name: ByteString, until deadline: Deadline) throws(BusError) -> SystemdJob {
        let step = "stop unit " + SystemdManager.quoted(name)
        try watchJobs()
        return try job(
            try begin("StopUnit", types: "ss", MessageWriter(name, SystemdManager.replacing), for: step), until: deadline)
    }

    /// Forgets that a unit has failed, so that systemd removes it and its name is free again: ResetFailedUnit.
    ///
    /// - Parameters:
    ///   - name: the name of the unit.
    ///   - deadline: when to give up.
    /// - Throws: an error with `isNoSuchUnit` if there is no such unit.
    public func resetFailedUnit(name: ByteString, until deadline: Deadline) throws(BusError) {
        let step = "reset unit " + SystemdManager.quoted(name)
        _ = try call("ResetFailedUnit", types: "s", MessageWriter(name), for: step, until: deadline)
    }

    /// Changes properties of a unit: SetUnitProperties.
    ///
    /// - Parameters:
    ///   - name: the name of the unit.
    ///   - runtime: whether the change is lost when the system restarts.
    ///   - properties: the properties to change. systemd changes all or none.
    ///   - deadline: when to give up.
    /// - Throws: an error with `isNoSuchUnit` if there is no such unit.
    public func setUnitProperties(
        name: ByteString, runtime: Bool, _ properties: [UnitProperty], until deadline: Deadline
    ) throws(BusError) {
        let step = "set properties of unit " + SystemdManager.quoted(name)
        var writer = MessageWriter(name)
        writer.add(runtime)
        writer.add(properties)
        _ = try call("SetUnitProperties", types: "sba(sv)", writer, for: step, until: deadline)
    }

    /// A property of a unit, such as ControlGroup of a scope: org.freedesktop.systemd1(5), "Unit Objects".
    ///
    /// - Parameters:
    ///   - property: the name of the property.
    ///   - name: the name of the unit.
    ///   - interface: the interface that has the property: "Unit", "Scope" or "Slice".
    ///   - deadline: when to give up.
    /// - Returns: the value.
    /// - Throws: an error if there is no such property, or if its type isn't one of `UnitProperty.Value`. systemd has an empty
    ///   object for each name that it accepts, so that a missing unit may not be an error here: ask for LoadState.
    public func unitProperty(
        _ property: ByteString, of name: ByteString, interface: ByteString, until deadline: Deadline
    ) throws(BusError) -> UnitProperty.Value {
        let step = "ask for " + WireText.safe(property) + " of unit " + SystemdManager.quoted(name)
        return try self.property(
            property, of: UnitPath.of(name), interface: SystemdManager.service + "." + interface, for: step, until: deadline)
    }

    /// The call Get of D-Bus Specification, "org.freedesktop.DBus.Properties".
    private func property(
        _ property: ByteString, of path: ByteString, interface: ByteString, for step: String, until deadline: Deadline
    ) throws(BusError) -> UnitProperty.Value {
        let target = Bus.Target(
            destination: SystemdManager.service, path: path, interface: "org.freedesktop.DBus.Properties")
        let answer = try bus.call(target, "Get", types: "ss", MessageWriter(interface, property), for: step, until: deadline)
        do throws(MalformedMessage) {
            var reader = try answer.reader(of: "v")
            return try UnitProperty.Value(variant: &reader)
        } catch {
            throw BusError(step, error)
        }
    }

    private func call(
        _ member: ByteString, types: ByteString, _ arguments: MessageWriter, for step: String, until deadline: Deadline
    ) throws(BusError) -> BusMessage {
        try answer(to: try begin(member, types: types, arguments, for: step), until: deadline)
    }

    private func begin(
        _ member: ByteString, types: ByteString, _ arguments: MessageWriter, for step: String
    ) throws(BusError) -> Bus.PendingCall {
        try bus.begin(SystemdManager.manager, member, types: types, arguments, for: step)
    }

    private func job(_ call: Bus.PendingCall, until deadline: Deadline) throws(BusError) -> SystemdJob {
        try bus.flush(for: call.step, until: deadline)
        return SystemdJob(call: call)
    }

    func answer(to call: Bus.PendingCall, until deadline: Deadline) throws(BusError) -> BusMessage {
        let answer = try bus.answer(to: call, until: deadline)
        uniqueName = answer.sender
        return answer
    }

    /// Asks the bus for systemd's signals about the ends of jobs, before the first job: it may end before its call is answered.
    ///
    /// systemd sends such a signal if anybody has called Subscribe, or if the one who asked for the job is still on the bus
    /// (bus_job_track_sender in its sources). So that call isn't needed here; runc and crun do without it too. It would have
    /// systemd tell the bus of each change of each unit, and ask the bus about us once more.
    private func watchJobs() throws(BusError) {
        guard !isWatching else { return }
        let step = "watch systemd's jobs"
        watch = try bus.watch(SystemdManager.manager, "JobRemoved", for: step)
        isWatching = true
    }

    func awaitWatch(until deadline: Deadline) throws(BusError) {
        guard let watch else { return }
        self.watch = nil
        _ = try bus.answer(to: watch, until: deadline)
    }

    func objectPath(in answer: BusMessage, _ step: String) throws(BusError) -> ByteString {
        do throws(MalformedMessage) {
            var reader = try answer.reader(of: "o")
            return try reader.objectPath()
        } catch {
            throw BusError(step, error)
        }
    }

    /// Whether systemd has sent the signal. Each user may send signals to any program on the system's bus, this one too.
    func isOurs(_ signal: BusMessage, for step: String, until deadline: Deadline) throws(BusError) -> Bool {
        guard bus.kind == .bus else { return true }
        guard let sender = signal.sender else { return false }
        if sender == uniqueName { return true }
        // systemd gets another name when it executes itself again.
        let answer = try bus.call(
            .bus, "GetNameOwner", types: "s", MessageWriter(SystemdManager.service), for: step, until: deadline)
        uniqueName = answer.text
        return sender == uniqueName
    }

    static func quoted(_ text: ByteString) -> String { "\"" + WireText.safe(text) + "\"" }
}
