import Bytes
public import Errors

// Rules that concern more than one property. Rules for a single property are checked where the property is decoded.

/// The error for the value at a JSON pointer.
func invalid(_ pointer: String, _ sentence: String, hint: String? = nil) -> RuntimeError {
    RuntimeError(.invalidConfig, sentence, pointer: pointer, hint: hint)
}

extension Config {
    /// Checks the rules that concern several properties.
    ///
    /// - Throws: `invalidConfig` with the JSON pointer of a property that breaks a rule.
    public func validate() throws(RuntimeError) {
        try process?.validate(at: "/process")
        try linux.validate()
        try validateNames()
        for (index, mount) in mounts.enumerated() {
            try mount.validate(at: "/mounts/" + String(index), namespaces: linux.namespaces)
        }
    }

    /// Requires a UTS namespace for a host name or domain name: without one, the container would rename the host.
    private func validateNames() throws(RuntimeError) {
        for (name, property) in [(hostname, "hostname"), (domainname, "domainname")] {
            guard let name else { continue }
            guard name.count <= 64 else {
                throw invalid("/" + property, "has " + String(name.count) + " bytes, the kernel takes 64")
            }
            guard linux.namespaces.contains(where: { $0.kind == .uts }) else {
                throw invalid("/" + property, "needs a uts namespace", hint: "add {\"type\": \"uts\"} to /linux/namespaces")
            }
        }
    }
}

extension Mount {
    // The pointers are made only for errors.
    fileprivate func validate(at pointer: @autoclosure () -> String, namespaces: [Namespace]) throws(RuntimeError) {
        guard uidMappings.isEmpty == gidMappings.isEmpty else {
            throw invalid(pointer(), "must have both uidMappings and gidMappings, or neither")
        }
        if !uidMappings.isEmpty {
            try validateMappings(uidMappings, at: pointer() + "/uidMappings")
            try validateMappings(gidMappings, at: pointer() + "/gidMappings")
        }
        guard uidMappings.isEmpty, options.contains(where: { $0 == "idmap" || $0 == "ridmap" }) else { return }
        guard namespaces.contains(where: { $0.kind == .user }) else {
            throw invalid(
                pointer(), "an id-mapped mount needs uidMappings and gidMappings, or a user namespace to take them from")
        }
    }
}

extension Process {
    func validate(at pointer: String) throws(RuntimeError) {
        for (index, limit) in rlimits.enumerated() where rlimits[..<index].contains(where: { $0.resource == limit.resource }) {
            throw invalid(pointer + "/rlimits/" + String(index), "a limit for the same resource stands before it")
        }
        try scheduler?.validate(at: pointer + "/scheduler")
    }
}

extension Scheduler {
    /// sched_setattr(2), "Description" and "Errors".
    fileprivate func validate(at pointer: String) throws(RuntimeError) {
        if policy == .fifo || policy == .roundRobin {
            guard priority >= 1 else { throw invalid(pointer + "/priority", "a real-time policy needs a priority from 1 to 99") }
        } else if priority != 0 {
            throw invalid(pointer + "/priority", "only SCHED_FIFO and SCHED_RR have a priority")
        }
        guard policy == .deadline else {
            guard runtime == 0, deadline == 0, period == 0 else {
                throw invalid(pointer, "only SCHED_DEADLINE has runtime, deadline and period")
            }
            return
        }
        guard runtime >= 1024, runtime <= deadline, period == 0 || deadline <= period else {
            throw invalid(pointer, "SCHED_DEADLINE needs 1024 ≤ runtime ≤ deadline ≤ period, all in nanoseconds")
        }
    }
}
