import Bytes
import CSeccomp

/// libseccomp's table of an architecture's system calls.
struct CallTable {
    /// What libseccomp answers to a name that it doesn't know (`__NR_SCMP_ERROR`).
    private static let unknown: Int32 = -1
    /// What it answers to calls that are one of socketcall(2)'s or ipc(2)'s: -100 or -200, less the number that the call has there.
    private static let socketCalls: ClosedRange<Int32> = -120 ... -101
    private static let interprocessCalls: ClosedRange<Int32> = -224 ... -201
    /// Where architectures that began with shared calls gave them numbers of their own later: PowerPC its sockets from 326 on, the
    /// others from 359 on, and all of them the System V calls from 393 on. MIPS counts from 4000.
    private static let ownNumbers: Range<UInt32> = 320..<420

    private let architecture: Architecture
    private var direct: [(name: ByteString, number: UInt32)]?

    init(_ architecture: Architecture) { self.architecture = architecture }

    /// Whether any architecture has a call of this name.
    static func knows(_ name: ByteString) -> Bool { CallTable(.native).resolve(name) != unknown }

    /// Goes through all the ways to do a call: none where the architecture lacks it, two where it's reached both through a shared
    /// call and directly. There, the `selector` is what the shared call's first argument must be.
    mutating func forEachCall(named name: ByteString, _ body: (_ number: UInt32, _ selector: UInt8?) -> Void) {
        let number = resolve(name)
        if number >= 0 {
            body(UInt32(number), nil)
        } else if Self.socketCalls.contains(number) {
            forEachCall(named: name, sharing: "socketcall", selector: UInt8(-number - 100), body)
        } else if Self.interprocessCalls.contains(number) {
            forEachCall(named: name, sharing: "ipc", selector: UInt8(-number - 200), body)
        }
    }

    private mutating func forEachCall(
        named name: ByteString, sharing shared: ByteString, selector: UInt8,
        _ body: (_ number: UInt32, _ selector: UInt8?) -> Void
    ) {
        let number = resolve(shared)
        guard number >= 0 else { return }
        body(UInt32(number), selector)
        for call in directCalls(near: UInt32(number)) where call.name == name { body(call.number, nil) }
    }

    /// libseccomp knows them, but answers to their names with the shared call: so the numbers are asked for their names, once.
    private mutating func directCalls(near shared: UInt32) -> [(name: ByteString, number: UInt32)] {
        if let direct { return direct }
        var found: [(name: ByteString, number: UInt32)] = []
        let base = shared / 1000 * 1000
        for number in Self.ownNumbers {
            guard let name = seccomp_syscall_resolve_num_arch(architecture.token, Int32(base + number)) else { continue }
            found.append((ByteString(cString: name), base + number))
            c_seccomp_release(name)
        }
        direct = found
        return found
    }

    private func resolve(_ name: ByteString) -> Int32 {
        name.withCString { seccomp_syscall_resolve_name_arch(architecture.token, $0) }
    }
}
