import Bytes
import CLinux
import Linux
import Testing

@testable import Lifecycle

/// The way that is taken where the file system has no files without a name (open(2), "O_TMPFILE"): tests can't count on having one.
@Suite struct PIDFileTests {
    private let name: ByteString = "wherry-pid-" + ByteString(decimal: Clock.monotonic())
    private var path: ByteString { "/tmp/" + name }

    private func withDirectory(_ body: (borrowing FileDescriptor) throws -> Void) throws {
        let top = try FileDescriptor.open("/tmp", flags: O_RDONLY | O_DIRECTORY)
        try top.makeDirectory(name, mode: 0o700)
        defer { try? top.removeAll(name) }
        try body(.open(path, flags: O_RDONLY | O_DIRECTORY))
    }

    @Test func takesThePlaceOfWhatAKilledOneLeft() throws {
        try withDirectory { directory in
            let canary = path + "/canary"
            try FileDescriptor.open(canary, flags: O_WRONLY | O_CREAT, mode: 0o600).writeAll(Array("canary".utf8))
            let place = path + "/.pid.new"
            #expect(canary.withCString { target in place.withCString { symlink(target, $0) } } == 0)
            try PIDFile.write(Array("42".utf8), as: "pid", in: directory)
            #expect(try directory.readFile("pid") == Array("42".utf8))
            #expect(try directory.readFile("canary") == Array("canary".utf8))
            #expect(try directory.entries().map { $0.name }.ordered() == ["canary", "pid"])
        }
    }

    @Test func replacesAFileAndLeavesNoOther() throws {
        try withDirectory { directory in
            for digits in ["1", "22"] {
                try PIDFile.write(Array(digits.utf8), as: "pid", in: directory)
                #expect(try directory.readFile("pid") == Array(digits.utf8))
            }
            #expect(try directory.entries().map { $0.name } == ["pid"])
        }
    }
}
