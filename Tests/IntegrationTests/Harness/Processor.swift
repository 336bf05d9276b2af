/// What differs between the processors that the tests run on. The probe makes system calls by number.
enum Processor {
    #if arch(x86_64)
        static let architecture = "SCMP_ARCH_X86_64"
        static let (getpriority, personality, sendmsg) = (140, 135, 46)
        /// The call behind mkdir(3), and which of its arguments the mode is.
        static let mkdir = (name: "mkdir", mode: 1)
        /// A personality, and what `uname -m` says under it.
        static let disguise = (domain: "LINUX32", machine: "i686")
        /// The most bytes that the sealed copy may have.
        static let copySize = 350_000
    #else
        static let architecture = "SCMP_ARCH_AARCH64"
        static let (getpriority, personality, sendmsg) = (141, 92, 211)
        static let mkdir = (name: "mkdirat", mode: 2)
        // Many arm64 processors can't run programs of 32 bits, and then the kernel refuses LINUX32.
        static let disguise = (domain: "LINUX", machine: "aarch64")
        // Its parts are aligned to 64 KiB.
        static let copySize = 420_000
    #endif
}
