// swift-tools-version: 6.2
import PackageDescription

/// The processor that the program is for: this machine's. For another one, scripts/common.sh names it and a folder with its
/// Debian packages (`use_architecture`).
#if arch(arm64)
    let ownProcessor = "aarch64"
#else
    let ownProcessor = "x86_64"
#endif
let processor = Context.environment["WHERRY_PROCESSOR"] ?? ownProcessor
let root = Context.environment["WHERRY_SYSROOT"] ?? ""

/// What clang finds by itself if the program is for this machine. The toolchain has no Embedded Swift for Linux on another
/// processor, only for one without a system: so the compiler doesn't know that this is Linux, nor where anything is.
let foreignHeaders = ["-isystem", "\(root)/usr/include/\(processor)-linux-gnu", "-isystem", "\(root)/usr/include", "-fPIC"]

/// The release program uses musl as its C library. musl is smaller, and its start-up doesn't query the processor's features: in
/// a virtual machine such queries take as long as the whole `state` command. Debug builds use the system's C library. Debian's
/// static libraries work with both.
let musl = "\(root)/usr/lib/\(processor)-linux-musl"
let headers = ["-isystem", "\(root)/usr/include/\(processor)-linux-musl"] + (root == "" ? [] : foreignHeaders)

/// On arm64, clang may make atomic operations calls of functions that choose between two instructions. They are in gcc's library,
/// which the program doesn't have.
let atomics = processor == "aarch64" ? ["-mno-outline-atomics"] : []

/// Nobody unwinds the release program's stack, and without frame pointers it has 6 % less code.
let noFramePointers = ["-Xclang", "-mframe-pointer=none"]

/// Release builds are Embedded Swift; debug builds, and with them the tests, are ordinary Swift. Each function has its own
/// section, so that the linker can drop functions without callers, nearly half of the program. Embedded Swift's run-time checks
/// of exclusive access only call an empty function, so they are off; the compiler's static checks remain. (The compiler reuses
/// an object file if its code is unchanged, even if flags changed: to see the effect of such a flag, remove .build first.) The
/// last flag of `embedded` is for clang's last stage, because the package manager asks clang for frame pointers afterwards.
let embedded: [SwiftSetting] = [
    .unsafeFlags((headers + atomics).flatMap { ["-Xcc", $0] }, .when(configuration: .release)),
    .enableExperimentalFeature("Embedded", .when(configuration: .release)),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .unsafeFlags(
        ["-wmo", "-Osize", "-enforce-exclusivity=unchecked", "-Xfrontend", "-function-sections"], .when(configuration: .release)),
    .unsafeFlags(noFramePointers.flatMap { ["-Xcc", $0] }, .when(configuration: .release)),
]

/// Library modules emit no object code. The executable compiles everything once, as a whole program; otherwise each module
/// would again compile the generic code that it uses from the others.
let inProgram: [SwiftSetting] =
    embedded + [.unsafeFlags(["-Xfrontend", "-emit-empty-object-file"], .when(configuration: .release))]

/// The module maps alone don't make the linker use these libraries.
let libraries: [LinkerSetting] = [.linkedLibrary("yajl_s"), .linkedLibrary("seccomp"), .linkedLibrary("cap")]

/// The release program is linked twice (scripts/common.sh, `build_release`). The first time it gets what scripts/arrange needs
/// to see which function refers to which, and writes a map. The second time it gets the linker script that arranges its
/// functions. `swift build` alone leaves them as they come: then all of the program counts as Init's part.
let arrangement: [String] =
    switch (Context.environment["WHERRY_MAP"], Context.environment["WHERRY_ARRANGEMENT"]) {
    case (let map?, _):
        [
            "-Xlinker", "--emit-relocs", "-Xlinker", "-O0", "-Xlinker", "--icf=none", "-Xlinker", "--Map=\(map)",
            "-Xlinker", "--defsym=wherry_host_part=__ehdr_start",
        ]
    case (nil, let script?): ["-Xlinker", "-s", "-Xlinker", script]
    case (nil, nil): ["-Xlinker", "-s", "-Xlinker", "--defsym=wherry_host_part=__ehdr_start"]
    }

/// For another processor the linker gets its flags directly: neither Swift nor clang has any for a static program without a
/// system.
let linkMode =
    root == ""
    ? ["-static-executable", "-Xclang-linker", "-static-pie"]
    : ["-Xlinker", "-pie", "-Xlinker", "--no-dynamic-linker", "-Xlinker", "-L\(root)/usr/lib/\(processor)-linux-gnu"]

/// Relocated data can be made read-only page by page (CLinux/program/relro.c), and an arm64 kernel may have pages of 64 KiB.
let protection = processor == "aarch64" ? ["-Xlinker", "-z", "-Xlinker", "common-page-size=65536"] : []

/// One static, stripped program at a random address, without the sections that release.ld names. The link step needs the flag
/// for Embedded Swift too, otherwise it adds the ordinary Swift library.
let staticProgram: [LinkerSetting] =
    [
        .unsafeFlags(
            [
                "-enable-experimental-feature", "Embedded", "-use-ld=lld", "-Xclang-linker", "-nostdlib", "\(musl)/rcrt1.o",
                "\(musl)/crti.o",
                "-Xlinker", "--gc-sections", "-Xlinker", "--icf=all", "-Xlinker", "--pack-dyn-relocs=relr",
                "-Xlinker", "\(Context.packageDirectory)/Sources/release.ld", "-Xlinker", "--no-eh-frame-hdr",
                "-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "--build-id=none", "-Xlinker", "--entry=wherry_entry",
            ] + linkMode + protection + arrangement,
            .when(configuration: .release)),
        .linkedLibrary("m", .when(configuration: .debug)),
    ] + libraries + [
        .unsafeFlags(["\(musl)/libc.a", "\(musl)/crtn.o"], .when(configuration: .release))
    ]

/// Tests may use Foundation. Foundation and CLinux must see the same declarations of the C library: without _GNU_SOURCE some
/// types have different members, and a clean build fails.
let tests: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-D_GNU_SOURCE"])]

/// For the program that integration tests run inside a container: it's plain C, and static because a container has no
/// libraries.
let staticProbe: [LinkerSetting] = [
    .unsafeFlags([
        "-enable-experimental-feature", "Embedded", "-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections",
    ])
]

/// The commit that `--version` shows. It comes from the environment, because the package manager caches its own information
/// about the repository, which is outdated after the next commit.
let commit: [CSetting] = Context.environment["WHERRY_COMMIT"].map { [.define("WHERRY_COMMIT", to: "\"\($0)\"")] } ?? []

let package = Package(
    name: "wherry",
    targets: [
        .systemLibrary(name: "CYAJL", providers: [.apt(["libyajl-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CCap", providers: [.apt(["libcap-dev"])]),
        // WHERRY_STATIC turns on the code that only the static release program needs.
        .target(
            name: "CLinux",
            cSettings: [
                .define("WHERRY_STATIC", .when(configuration: .release)),
                .unsafeFlags(
                    headers + atomics + noFramePointers + ["-ffunction-sections", "-Os"], .when(configuration: .release)),
            ]),
        .target(name: "CVersion", cSettings: commit),
        .target(name: "Bytes", swiftSettings: inProgram),
        .target(name: "Errors", dependencies: ["Bytes", "CLinux"], swiftSettings: inProgram),
        .target(name: "Linux", dependencies: ["Bytes", "Errors", "CLinux", "CCap"], swiftSettings: inProgram),
        .target(name: "OCI", dependencies: ["Bytes", "Errors", "CYAJL"], swiftSettings: inProgram),
        .target(name: "Cgroups", dependencies: ["OCI", "Linux", "Errors", "Bytes"], swiftSettings: inProgram),
        .target(
            name: "Seccomp", dependencies: ["OCI", "Linux", "Errors", "Bytes", "CSeccomp"], swiftSettings: inProgram),
        .target(name: "Systemd", dependencies: ["Linux", "Errors", "Bytes"], swiftSettings: inProgram),
        .target(name: "Resctrl", dependencies: ["OCI", "Linux", "Errors", "Bytes"], swiftSettings: inProgram),
        .target(
            name: "Lifecycle", dependencies: ["Cgroups", "Resctrl", "Seccomp", "Systemd", "OCI", "Linux", "Errors", "Bytes"],
            swiftSettings: inProgram),
        .executableTarget(
            name: "wherry",
            dependencies: ["Lifecycle", "Cgroups", "Resctrl", "Seccomp", "OCI", "Linux", "Errors", "Bytes", "CVersion"],
            swiftSettings: embedded, linkerSettings: staticProgram),
        .testTarget(name: "BytesTests", dependencies: ["Bytes"], swiftSettings: tests),
        .testTarget(
            name: "LinuxTests", dependencies: ["Linux", "Errors", "Bytes", "CLinux"], swiftSettings: tests,
            linkerSettings: libraries),
        .testTarget(
            name: "OCITests", dependencies: ["OCI", "Errors", "Bytes", "CLinux"], exclude: ["Samples"], swiftSettings: tests,
            linkerSettings: libraries),
        .testTarget(
            name: "CgroupsTests", dependencies: ["Cgroups", "OCI", "Linux", "Errors", "Bytes", "CLinux"], swiftSettings: tests,
            linkerSettings: libraries),
        .testTarget(
            name: "SeccompTests", dependencies: ["Seccomp", "OCI", "Linux", "Errors", "Bytes", "CLinux", "CSeccomp", "CHarness"],
            swiftSettings: tests, linkerSettings: libraries),
        .testTarget(
            name: "ResctrlTests", dependencies: ["Resctrl", "OCI", "Linux", "Errors", "Bytes", "CLinux"], swiftSettings: tests,
            linkerSettings: libraries),
        .testTarget(
            name: "SystemdTests", dependencies: ["Systemd", "Linux", "Errors", "Bytes", "CLinux"], swiftSettings: tests,
            linkerSettings: libraries),
        .testTarget(
            name: "LifecycleTests",
            dependencies: ["Lifecycle", "Cgroups", "Resctrl", "Systemd", "OCI", "Linux", "Errors", "Bytes", "CLinux"],
            swiftSettings: tests, linkerSettings: libraries),
        .target(name: "CHarness", path: "Tests/CHarness"),
        .executableTarget(name: "probe", path: "Tests/Probe", linkerSettings: staticProbe),
        .testTarget(
            name: "WherryTests", dependencies: ["wherry", "OCI", "Errors", "Bytes"], swiftSettings: tests,
            linkerSettings: libraries),
        .testTarget(
            name: "IntegrationTests", dependencies: ["CHarness"], exclude: ["Everything/schema-1.3.0.txt"], swiftSettings: tests),
    ]
)
