import CLinux
import CSeccomp

/// The answer to system calls that are newer than a profile.
///
/// A C library tries a new system call first and falls back to an older one if the kernel says ENOSYS, not if it says EPERM. A profile
/// that lists what's allowed can't list what didn't exist when it was written, so to a refusal by error number belongs ENOSYS for
/// whatever lies beyond the newest call that the profile names. Profiles that kill, trap, notify, trace, log or allow by default mean
/// each call that they don't name, and keep their answer.
struct NewerCalls {
    /// Numbers up to `ceiling`, of which `newest` is the largest that the profile names.
    private struct Band {
        /// The first number that isn't in it.
        let ceiling: UInt32
        var newest: UInt32
    }

    private struct Architecture {
        /// AUDIT_ARCH_*, as the kernel tells the filter.
        let token: UInt32
        /// By ascending ceiling.
        var bands: [Band]
    }

    /// x32's calls come under x86_64's token, told apart by this bit.
    private static let x32Bit: UInt32 = 0x4000_0000
    /// ARM numbers a handful of calls of its own from here on (__ARM_NR_BASE): they're no newer than the rest.
    private static let armPrivate: UInt32 = 0x0F_0000
    /// Beyond it lies -1, which a tracer sets to skip a call, and what libseccomp calls names that an architecture lacks.
    private static let negative: UInt32 = 0x8000_0000

    private var architectures: [Architecture] = []

    /// Takes into account that the profile names this system call.
    ///
    /// - Parameters:
    ///   - number: what the architecture calls it: negative where it has no such call.
    ///   - architecture: libseccomp's token, SCMP_ARCH_*.
    mutating func add(number: Int32, architecture: UInt32) {
        guard let number = UInt32(exactly: number) else { return }
        let ceiling: UInt32
        switch architecture {
        case c_scmp_arch_arm: ceiling = Self.armPrivate
        case c_scmp_arch_x86_64: ceiling = Self.x32Bit
        default: ceiling = Self.negative
        }
        guard number < ceiling else { return }
        let token = architecture == c_scmp_arch_x32 ? c_scmp_arch_x86_64 : architecture
        add(number, below: ceiling, token: token)
    }

    private mutating func add(_ number: UInt32, below ceiling: UInt32, token: UInt32) {
        guard let place = architectures.firstIndex(where: { $0.token == token }) else {
            architectures.append(Architecture(token: token, bands: [Band(ceiling: ceiling, newest: number)]))
            return
        }
        if let band = architectures[place].bands.firstIndex(where: { $0.ceiling == ceiling }) {
            architectures[place].bands[band].newest = max(architectures[place].bands[band].newest, number)
        } else {
            let above = architectures[place].bands.firstIndex { $0.ceiling > ceiling } ?? architectures[place].bands.endIndex
            architectures[place].bands.insert(Band(ceiling: ceiling, newest: number), at: above)
        }
    }

    /// The instructions to put before the profile's own, which go on behind them for whatever isn't newer.
    ///
    /// They read the architecture and the number alone: so the kernel still finds out once, when it loads the filter, which calls are
    /// always allowed, and doesn't run it for those (kernel 5.11).
    func instructions() -> [UInt8] {
        var program = BPFProgram()
        let total = architectures.reduce(1) { $0 + Self.length($1) }
        program.load(BPFProgram.Field.architecture)
        for architecture in architectures {
            program.ifEqual(architecture.token, skip: 0, else: UInt8(Self.length(architecture) - 1))
            program.load(BPFProgram.Field.number)
            for (index, band) in architecture.bands.enumerated() {
                program.ifGreaterOrEqual(band.ceiling, skip: 3, else: 0)
                program.ifGreater(band.newest, skip: 0, else: 1)
                program.answer(FilterAction.noSuchCall.value)
                program.skip(total - program.count - 1)
                // Where x32 isn't in the profile, libseccomp has its answer to its numbers.
                if index == architecture.bands.count - 1 { program.skip(total - program.count - 1) }
            }
        }
        return program.bytes
    }

    /// Instructions for an architecture.
    private static func length(_ architecture: Architecture) -> Int { 3 + 4 * architecture.bands.count }
}
