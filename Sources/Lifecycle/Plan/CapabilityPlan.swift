import Bytes
import Linux
import OCI

/// The five capability sets that a process gets: capabilities(7).
struct CapabilityPlan: Sendable {
    let bounding: CapabilitySet
    let effective: CapabilitySet
    let permitted: CapabilitySet
    let inheritable: CapabilitySet
    let ambient: CapabilitySet

    /// No capabilities.
    static let none = CapabilityPlan()

    private init() { bounding = .init(); effective = .init(); permitted = .init(); inheritable = .init(); ambient = .init() }

    /// Decides the sets. As config.md demands, capabilities that can't be granted are left out with a warning: unknown names,
    /// and capabilities that the runtime itself doesn't have.
    ///
    /// - Parameters:
    ///   - capabilities: The property of config.json.
    ///   - grantable: The most that the process can get.
    ///   - warnings: Gets a sentence for each capability that is left out.
    init(_ capabilities: Capabilities?, grantable: CapabilitySet, warnings: inout [String]) {
        // Without the property the process gets no capabilities: it must not inherit those of the runtime.
        let capabilities = capabilities ?? Capabilities()
        var unknown: [ByteString] = []
        var refused = CapabilitySet()
        func set(_ names: [ByteString]) -> CapabilitySet {
            var result = CapabilitySet()
            for name in names {
                guard let number = CapabilitySet.number(of: name) else {
                    if !unknown.contains(name) { unknown.append(name) }
                    continue
                }
                if grantable.contains(number) {
                    result.insert(number)
                } else {
                    refused.insert(number)
                }
            }
            return result
        }
        bounding = set(capabilities.bounding)
        permitted = set(capabilities.permitted)
        inheritable = set(capabilities.inheritable)
        // The kernel refuses an effective capability that isn't permitted, and an ambient one that isn't permitted and
        // inheritable.
        let (wantedEffective, wantedAmbient) = (set(capabilities.effective), set(capabilities.ambient))
        effective = CapabilitySet(bits: wantedEffective.bits & permitted.bits)
        ambient = CapabilitySet(bits: wantedAmbient.bits & permitted.bits & inheritable.bits)
        for name in unknown {
            warnings.append("/process/capabilities: \"" + name.displayText + "\" is no capability that is known here; left out")
        }
        for number in 0..<64 where refused.contains(number) {
            let name = CapabilitySet.name(of: number)?.displayText ?? String(number)
            warnings.append("/process/capabilities: " + name + " can't be granted: the runtime hasn't got it; left out")
        }
        warnings += CapabilityPlan.leftOut(of: "effective", wantedEffective, effective, "it isn't permitted")
        warnings += CapabilityPlan.leftOut(of: "ambient", wantedAmbient, ambient, "it isn't both permitted and inheritable")
    }

    private static func leftOut(of name: String, _ wanted: CapabilitySet, _ granted: CapabilitySet, _ reason: String) -> [String]
    {
        (0..<64).filter { wanted.contains($0) && !granted.contains($0) }.map {
            let capability = CapabilitySet.name(of: $0)?.displayText ?? String($0)
            return "/process/capabilities/" + name + ": " + capability + " can't be granted: " + reason + "; left out"
        }
    }
}
