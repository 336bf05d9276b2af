import Errors
import Linux

/// What the plan needs to know of the host.
struct HostFacts {
    let capabilities: CapabilitySet

    static func gather() throws(RuntimeError) -> HostFacts {
        let own = try explaining(.system, "the runtime's own capabilities can't be read") { () throws(SystemError) in
            try ThreadCapabilities.current()
        }
        return HostFacts(capabilities: own.permitted)
    }
}
