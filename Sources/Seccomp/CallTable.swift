import Bytes
import CSeccomp

/// libseccomp's table of an architecture's system calls.
struct CallTable {
    /// libseccomp's answer to a name that it doesn't know (`__NR_SCMP_ERROR`).
    private static let unknown: Int32 = -1
    /// libseccomp's answers to calls that the architecture reaches through socketcall(2): -100, minus the call's number there.
    private static let socketCalls: ClosedRange<Int32> = -120 ... -101
    /// The same for calls through ipc(2): -200, minus the call's number there.
    private static let interprocessCalls: ClosedRange<Int32> = -224 ... -201
    /// The range in which architectures that began with socketcall and ipc later gave the single calls their own numbers. The
    /// socket calls begin at 326 on PowerPC and at 359 elsewhere; the System V calls begin at 393. MIPS adds 4000 to all
    /// numbers.
    private static let ownNumbers: Range<UInt32> = 320..<420

    private let architecture: Architecture
    private var direct: [(name: ByteString, number: UInt32)]?

    init(_ architecture: Architecture) { self.architecture = architecture }

    /// Whether any architecture has a call of this name.
    static func knows(_ name: ByteString) -> Bool { CallTable(.native).resolve(name) != unknown }

    /// The names of the native architecture's calls.
    static var nativeNames: [ByteString] {
        var names: [ByteString] = []
        for number in Int32(0)..<700 {
            guard let name = seccomp_syscall_resolve_num_arch(Architecture.native.token, number) else { continue }
            names.append(ByteString(cString: name))
            c_seccomp_release(name)
        }
        return names
    }

    /// Calls `body` for each way to make a system call. There is no way if the architecture doesn't have the call, and there
    /// are two if it can be made directly and through a shared call, socketcall(2) or ipc(2).
    ///
    /// - Parameters:
    ///   - name: the name of the system call.
    ///   - body: gets the number of the call or of the shared call. `selector` is nil, or the first argument that selects the
    ///     call in the shared call.
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

    /// The calls that can be made directly too. For their names libseccomp returns the shared call, so the names of all numbers
    /// in the range are looked up instead, once.
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
