// swift-tools-version: 6.2
import PackageDescription

/// The release program's C library: musl starts without asking the processor what it is, which in a virtual machine takes as long as
/// all of `state`, and is smaller. Debug builds use the system's. Debian's libraries go with either.
let musl = "x86_64-linux-musl"
let muslHeaders = ["-isystem", "/usr/include/\(musl)"]

/// Release builds are Embedded Swift; debug builds, and with them the tests, are ordinary Swift. With a section for each function the
/// linker drops what nobody calls, which is nearly half of the program. Embedded Swift's checks of exclusive access at run time are
/// calls of an empty function: what the compiler proves by itself is all there is. (The compiler keeps an object file whose code is the
/// same, whatever the flags: to see the effect of such a flag, remove .build first.)
let embedded: [SwiftSetting] = [
    .unsafeFlags(muslHeaders.flatMap { ["-Xcc", $0] }, .when(configuration: .release)),
    .enableExperimentalFeature("Embedded", .when(configuration: .release)),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .unsafeFlags(
        ["-wmo", "-Osize", "-enforce-exclusivity=unchecked", "-Xfrontend", "-function-sections"], .when(configuration: .release)),
]

/// A library module leaves all its code to the program, which compiles it once, knowing of all its uses: else every module would
/// compile what it uses of the others again.
let inProgram: [SwiftSetting] =
    embedded + [.unsafeFlags(["-Xfrontend", "-emit-empty-object-file"], .when(configuration: .release))]

/// Module maps don't link by themselves here.
let libraries: [LinkerSetting] = [.linkedLibrary("yajl_s"), .linkedLibrary("seccomp"), .linkedLibrary("cap")]

/// One static, stripped program at a random address, without the sections that release.ld names. The link step has to know of
/// Embedded Swift too, or it adds the ordinary library.
let staticProgram: [LinkerSetting] =
    [
        .unsafeFlags(
            [
                "-enable-experimental-feature", "Embedded", "-static-executable", "-use-ld=lld", "-Xclang-linker", "-static-pie",
                "-Xclang-linker", "-nostdlib", "/usr/lib/\(musl)/rcrt1.o", "/usr/lib/\(musl)/crti.o",
                "-Xlinker", "--gc-sections", "-Xlinker", "--icf=all", "-Xlinker", "--pack-dyn-relocs=relr", "-Xlinker", "-s",
                "-Xlinker", "\(Context.packageDirectory)/Sources/release.ld", "-Xlinker", "--no-eh-frame-hdr",
                "-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "--build-id=none", "-Xlinker", "--entry=wherry_entry",
            ],
            .when(configuration: .release)),
        .linkedLibrary("m", .when(configuration: .debug)),
    ] + libraries + [
        .unsafeFlags(["/usr/lib/\(musl)/libc.a", "/usr/lib/\(musl)/crtn.o"], .when(configuration: .release))
    ]

/// Foundation, which tests may use, and CLinux must see the same C library: without _GNU_SOURCE some of its types have other
/// members, and a first build is refused.
let tests: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-D_GNU_SOURCE"])]

/// The integration tests' eyes inside a container: plain C, and static, since a container has no libraries.
let staticProbe: [LinkerSetting] = [
    .unsafeFlags([
        "-enable-experimental-feature", "Embedded", "-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections",
    ])
]

/// What `--version` says of its origin. From the environment: what the package manager itself knows of the repository it keeps in a
/// cache beyond the next commit.
let commit: [CSetting] = Context.environment["WHERRY_COMMIT"].map { [.define("WHERRY_COMMIT", to: "\"\($0)\"")] } ?? []

let package = Package(
    name: "wherry",
    targets: [
        .systemLibrary(name: "CYAJL", providers: [.apt(["libyajl-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CCap", providers: [.apt(["libcap-dev"])]),
        // WHERRY_STATIC: what the files in `program` are for.
        .target(
            name: "CLinux",
            cSettings: [
                .define("WHERRY_STATIC", .when(configuration: .release)),
                .unsafeFlags(muslHeaders + ["-ffunction-sections", "-Os"], .when(configuration: .release)),
            ]),
        .target(name: "CVersion", cSettings: commit),
        .target(name: "Bytes", swiftSettings: inProgram),
        .target(name: "Errors", dependencies: ["Bytes", "CLinux"], swiftSettings: inProgram),
        .target(name: "Linux", dependencies: ["Bytes", "Errors", "CLinux", "CCap"], swiftSettings: inProgram),
        .target(name: "OCI", dependencies: ["Bytes", "Errors", "CYAJL"], swiftSettings: inProgram),
        .target(name: "Cgroups", dependencies: ["OCI", "Linux", "Errors", "Bytes"], swiftSettings: inProgram),
        .target(
            name: "Seccomp", dependencies: ["OCI", "Linux", "Errors", "Bytes", "CSeccomp"], swiftSettings: inProgram),
        .target(
            name: "Lifecycle", dependencies: ["Cgroups", "Seccomp", "OCI", "Linux", "Errors", "Bytes"],
            swiftSettings: inProgram),
        .executableTarget(
            name: "wherry",
            dependencies: ["Lifecycle", "Cgroups", "Seccomp", "OCI", "Linux", "Errors", "Bytes", "CVersion"],
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
            name: "LifecycleTests", dependencies: ["Lifecycle", "Cgroups", "OCI", "Linux", "Errors", "Bytes", "CLinux"],
            swiftSettings: tests, linkerSettings: libraries),
        .target(name: "CHarness", path: "Tests/CHarness"),
        .executableTarget(name: "probe", path: "Tests/Probe", linkerSettings: staticProbe),
        .testTarget(
            name: "WherryTests", dependencies: ["wherry", "OCI", "Errors", "Bytes"], swiftSettings: tests,
            linkerSettings: libraries),
        .testTarget(name: "IntegrationTests", dependencies: ["CHarness"], swiftSettings: tests),
    ]
)
