import Bytes
import CLinux
import Linux
import Testing

@testable import OCI
@testable import Seccomp

@Suite struct CacheTests {
    private let root: TemporaryDirectory
    private let profile = Seccomp(.errno, Seccomp.Rule(.allow, "read", "no_such_call"))

    init() throws { root = try TemporaryDirectory() }

    private func program(_ profile: Seccomp) throws -> SeccompProgram {
        try SeccompFilter.program(for: profile, stateRoot: root.descriptor.file)
    }

    private func cached(_ profile: Seccomp) -> SeccompCompiler.Output? {
        FilterCache.filter(for: ProfileEncoding(profile), root: root.descriptor.file)
    }

    private func keep(_ output: SeccompCompiler.Output, for profile: Seccomp) throws {
        try FilterCache.keep(output, for: ProfileEncoding(profile), root: root.descriptor.file)
    }

    /// The names in the cache's directory.
    private func files() throws -> [ByteString] {
        try root.descriptor.file.open("seccomp", flags: [.readOnly, .directory]).entries().map { $0.name }
    }

    /// The path of the only file in the directory.
    private func path() throws -> ByteString { root.path + "/seccomp/" + (try #require(try files().first)) }

    /// A program that the compiler never makes, which shows that a program came from the cache.
    private let planted = SeccompCompiler.Output(instructions: [6, 0, 0, 0, 1, 0, 5, 0], warnings: ["planted"])

    @Test func keepsWhatWasTranslated() throws {
        let first = try program(profile)
        #expect(cached(profile)?.instructions == first.instructions)
        let second = try program(profile)
        #expect(second.instructions == first.instructions)
        #expect(second.warnings == first.warnings && second.warnings.count == 1)
        #expect(second.flags == first.flags)
    }

    @Test func takesAProgramFromTheCache() throws {
        try keep(planted, for: profile)
        #expect(try program(profile).instructions == planted.instructions)
        #expect(try program(profile).warnings == planted.warnings)
    }

    @Test func isForItsOwnerAlone() throws {
        let previous = umask(0)
        defer { umask(previous) }
        _ = try program(profile)
        for (path, mode) in [(root.path + "/seccomp", 0o040700), (try path(), 0o100600)] as [(ByteString, mode_t)] {
            var status = stat()
            #expect(path.withCString { lstat($0, &status) } == 0)
            #expect(status.st_mode == mode)
        }
    }

    @Test(arguments: [0o604, 0o602, 0o640, 0o620, 0o644] as [mode_t])
    func ignoresAndReplacesFilesThatOthersCanReach(mode: mode_t) throws {
        try keep(planted, for: profile)
        let path = try path()
        #expect(path.withCString { chmod($0, mode) } == 0)
        #expect(cached(profile) == nil)
        #expect(try program(profile).instructions != planted.instructions)
        #expect(cached(profile) != nil)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func ignoresAndReplacesFilesOfOthers() throws {
        try keep(planted, for: profile)
        let path = try path()
        #expect(path.withCString { chown($0, 65534, 65534) } == 0)
        #expect(cached(profile) == nil)
        #expect(try program(profile).instructions != planted.instructions)
        #expect(cached(profile) != nil)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func ignoresADirectoryOfOthers() throws {
        try keep(planted, for: profile)
        #expect((root.path + "/seccomp").withCString { chown($0, 65534, 65534) } == 0)
        let program = try program(profile)
        #expect(program.instructions != planted.instructions)
        #expect(program.warnings.last?.displayText == "the seccomp filter isn't cached: openat: operation not permitted")
    }

    @Test func followsNoLinks() throws {
        try keep(planted, for: profile)
        let path = try path()
        let elsewhere = root.path + "/elsewhere"
        #expect(path.withCString { path in elsewhere.withCString { rename(path, $0) } } == 0)
        #expect(elsewhere.withCString { elsewhere in path.withCString { symlink(elsewhere, $0) } } == 0)
        #expect(cached(profile) == nil)
        #expect(try program(profile).instructions != planted.instructions)
        // The link is gone, and its target is unchanged.
        #expect(cached(profile) != nil)
        var status = stat()
        #expect(elsewhere.withCString { lstat($0, &status) } == 0)
    }

    @Test func doesNotWaitForAFifo() throws {
        try keep(planted, for: profile)
        let path = try path()
        #expect(path.withCString { unlink($0) } == 0 && path.withCString { mkfifo($0, 0o600) } == 0)
        #expect(cached(profile) == nil)
        _ = try program(profile)
        #expect(cached(profile) != nil)
    }

    @Test func survivesADirectoryInTheFilesPlace() throws {
        try keep(planted, for: profile)
        let path = try path()
        #expect(path.withCString { unlink($0) } == 0 && path.withCString { mkdir($0, 0o700) } == 0)
        let program = try program(profile)
        #expect(program.instructions == (try SeccompFilter.program(for: profile)).instructions)
        #expect(program.warnings.last?.displayText == "the seccomp filter isn't cached: renameat: is a directory")
        #expect(try files().count == 1)
    }

    @Test func survivesAFileInTheDirectorysPlace() throws {
        let path = root.path + "/seccomp"
        #expect(path.withCString { mknod($0, mode_t(S_IFREG) | 0o600, 0) } == 0)
        let program = try program(profile)
        #expect(program.instructions == (try SeccompFilter.program(for: profile)).instructions)
        #expect(program.warnings.last?.displayText == "the seccomp filter isn't cached: openat: not a directory")
    }

    @Test func seesEveryDamage() throws {
        let encoding = ProfileEncoding(profile)
        let file = CachedFilter.encode(try SeccompCompiler.compile(profile), profile: encoding)
        #expect(CachedFilter.decode(file, profile: encoding) != nil)
        for place in file.indices {
            var damaged = file
            damaged[place] ^= 0x80
            #expect(CachedFilter.decode(damaged, profile: encoding) == nil, "byte \(place)")
            #expect(CachedFilter.decode(Array(file[..<place]), profile: encoding) == nil, "cut at \(place)")
        }
        #expect(CachedFilter.decode(file + [0], profile: encoding) == nil)
    }

    /// The sum of the sizes stays right, and so do all bytes after them.
    @Test func seesSizesThatMoveAProgramsEnd() throws {
        let encoding = ProfileEncoding(profile)
        let output = SeccompCompiler.Output(instructions: planted.instructions, warnings: ["abcd"])
        var file = CachedFilter.encode(output, profile: encoding)
        #expect(file[16] == 8 && file[20] == 8)
        file[16] += 8
        file[20] -= 8
        #expect(CachedFilter.decode(file, profile: encoding) == nil)
    }

    @Test func ignoresAndReplacesATruncatedFile() throws {
        try keep(planted, for: profile)
        let path = try path()
        #expect(path.withCString { truncate($0, 40) } == 0)
        #expect(cached(profile) == nil)
        #expect(try program(profile).instructions == (try SeccompFilter.program(for: profile)).instructions)
        #expect(cached(profile) != nil)
    }

    @Test func acceptsNoProgramOfAnotherProfile() throws {
        let file = CachedFilter.encode(planted, profile: ProfileEncoding(Seccomp(.allow)))
        #expect(CachedFilter.decode(file, profile: ProfileEncoding(profile)) == nil)
    }

    /// As if both profiles had the same hash.
    @Test func ignoresAndReplacesAnotherProfileUnderTheSameName() throws {
        _ = try program(profile)
        let path = try path()
        let file = CachedFilter.encode(planted, profile: ProfileEncoding(Seccomp(.allow)))
        try root.descriptor.file.open(path, flags: [.writeOnly, OpenFlags(rawValue: 0o1000)]).writeAll(file)
        #expect(cached(profile) == nil)
        #expect(try program(profile).instructions == (try SeccompFilter.program(for: profile)).instructions)
        #expect(cached(profile) != nil)
        #expect(try files().count == 1)
    }

    @Test func acceptsNoProgramThatTheKernelWouldRefuse() {
        let encoding = ProfileEncoding(profile)
        for size in [0, 7, 9, 4097 * 8] {
            let output = SeccompCompiler.Output(instructions: [UInt8](repeating: 0, count: size), warnings: [])
            let file = CachedFilter.encode(output, profile: encoding)
            #expect(CachedFilter.decode(file, profile: encoding) == nil, "\(size) bytes")
        }
    }

    @Test func keepsNoFileThatItWouldNotRead() throws {
        _ = try program(profile)
        let long = Seccomp(.allow, Seccomp.Rule(.errno, ByteString([UInt8](repeating: 0x61, count: 600_000))))
        #expect(try program(long).instructions == (try SeccompFilter.program(for: long)).instructions)
        #expect(try files().count == 1)
    }

    @Test func forgetsTheOldest() throws {
        _ = try program(profile)
        for index in 0..<70 {
            let name: ByteString = "seccomp/old" + ByteString(decimal: index)
            let file = try root.descriptor.file.open(name, flags: [.writeOnly, .create], mode: 0o600)
            var times = [timespec(tv_sec: 1000 + index, tv_nsec: 0), timespec(tv_sec: 1000 + index, tv_nsec: 0)]
            #expect(futimens(file.rawValue, &times) == 0)
        }
        try keep(planted, for: Seccomp(.allow))
        let files = try files()
        #expect(files.count == 64)
        #expect(!files.contains("old7") && files.contains("old8"))
        #expect(cached(profile) != nil && cached(Seccomp(.allow)) == planted)
    }

    @Test func removesWhatWritersThatDiedLeftBehind() throws {
        _ = try program(profile)
        for (name, age) in [("new.1.2.3", 3600), ("new.4.5.6", 0)] as [(ByteString, Int)] {
            let file = try root.descriptor.file.open("seccomp/" + name, flags: [.writeOnly, .create], mode: 0o600)
            let moment = timespec(tv_sec: time(nil) - age, tv_nsec: 0)
            var times = [moment, moment]
            #expect(futimens(file.rawValue, &times) == 0)
        }
        try keep(planted, for: Seccomp(.allow))
        let files = try files()
        #expect(!files.contains("new.1.2.3") && files.contains("new.4.5.6"))
    }

    @Test func standsManyAtOnce() async throws {
        let profile = profile
        let expected = try SeccompFilter.program(for: profile).instructions
        let root = root
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    let program = try? SeccompFilter.program(for: profile, stateRoot: root.descriptor.file)
                    return program?.instructions == expected
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect(try files().count == 1)
        #expect(cached(profile)?.instructions == expected)
    }
}
