import Bytes
import Testing

@testable import Systemd

@Suite struct MarshallingTests {
    private func written(_ body: (inout MessageWriter) -> Void) -> [UInt8] {
        var writer = MessageWriter()
        body(&writer)
        #expect(writer.failure == nil)
        return writer.bytes
    }

    @Test func numbersAreLittleEndianAndAligned() {
        let bytes = written { writer in
            writer.add(1 as UInt8)
            writer.add(-2 as Int16)
            writer.add(3 as UInt16)
            writer.add(-4 as Int32)
            writer.add(true)
            writer.add(0x0102_0304_0506_0708 as UInt64)
            writer.add(-1 as Int64)
        }
        #expect(
            bytes == wire("01 00 feff 0300 0000 fcffffff 01000000 0807060504030201 ffffffffffffffff"), "\(hex(bytes))")
    }

    @Test func textsHaveTheirLengthAndANUL() {
        let bytes = written { writer in
            writer.add("foo" as ByteString)
            writer.add("é" as ByteString)
            writer.add(path: "/a/b_1")
            writer.add(signature: "a(sv)")
        }
        #expect(bytes == wire("03000000 'foo' 00 02000000 c3a9 00 00 06000000 '/a/b_1' 00 05 'a(sv)' 00"), "\(hex(bytes))")
    }

    /// The padding before the first element isn't part of the array's length, and there even if there is no element.
    @Test func arraysBeginAtTheAlignmentOfTheirElements() {
        let bytes = written { writer in
            writer.addArray(alignment: 8) { _ in }
            writer.add(7 as UInt8)
            writer.addArray(alignment: 8) { $0.add(5 as UInt64) }
            writer.add(array: [1, 2, 3])
        }
        #expect(
            bytes == wire("00000000 00000000 07 000000 08000000 0500000000000000 03000000 010203"), "\(hex(bytes))")
    }

    /// The name takes 6 bytes, so the padding in each line counts from there.
    @Test(arguments: [
        (UnitProperty.Value.boolean(true), "01 'b' 00 000000 01000000"),
        (.int32(-2), "01 'i' 00 000000 FEFFFFFF"), (.uint32(9), "01 'u' 00 000000 09000000"),
        (.uint64(9), "01 't' 00 00000000000000 0900000000000000"),
        (.string("x"), "01 's' 00 000000 01000000 'x' 00"),
        (.strings(["x", "yz"]), "02 'as' 00 0000 0f000000 01000000 'x' 00 0000 02000000 'yz' 00"),
        (.uint32s([9, 8]), "02 'au' 00 0000 08000000 09000000 08000000"),
        (.limits([.init("/d", 9)]), "05 'a(st)' 00 000000 10000000 00000000 02000000 '/d' 00 00 0900000000000000"),
        (.pairs([.init("a", "b")]), "05 'a(ss)' 00 000000 0e000000 00000000 01000000 'a' 00 0000 01000000 'b' 00"),
        (.bytes([1, 2]), "02 'ay' 00 0000 02000000 0102"),
    ])
    func propertiesAreStructuresOfNameAndVariant(value: UnitProperty.Value, expected: String) {
        let bytes = written { UnitProperty("N", value).write(to: &$0) }
        #expect(bytes == wire("01000000 'N' 00 " + expected), "\(hex(bytes))")
    }

    @Test(arguments: [
        UnitProperty.Value.boolean(false), .boolean(true), .int32(.min), .uint32(.max), .uint64(.max), .string(""),
        .string("a b"),
        .strings([]), .strings(["", "x"]), .uint32s([]), .uint32s([1, .max]), .limits([]),
        .limits([.init("/dev/sda", 1), .init("/dev/sdb", .max)]), .pairs([.init("/dev/null", "rwm"), .init("", "")]), .bytes([]),
        .bytes([0, 255]),
    ])
    func propertiesSurvive(value: UnitProperty.Value) throws {
        var reader = MessageReader(written { UnitProperty("Name", value).write(to: &$0) })
        try reader.align(to: 8)
        #expect(try reader.string() == "Name")
        #expect(try UnitProperty.Value(variant: &reader) == value)
        #expect(reader.isAtEnd)
    }

    @Test func numbersSurvive() throws {
        var reader = MessageReader(
            written { writer in
                writer.add(UInt8.max)
                writer.add(Int16.min)
                writer.add(UInt16.max)
                writer.add(Int32.min)
                writer.add(UInt32.max)
                writer.add(Int64.min)
                writer.add(UInt64.max)
            })
        #expect(try reader.number(UInt8.self) == .max)
        #expect(try reader.number(Int16.self) == .min)
        #expect(try reader.number(UInt16.self) == .max)
        #expect(try reader.number(Int32.self) == .min)
        #expect(try reader.number(UInt32.self) == .max)
        #expect(try reader.number(Int64.self) == .min)
        #expect(try reader.number(UInt64.self) == .max)
        #expect(reader.isAtEnd)
    }

    @Test func valuesThatBreakARuleAreRefused() {
        func reason(_ bytes: String, _ read: (inout MessageReader) throws(MalformedMessage) -> Void) -> String {
            var reader = MessageReader(wire(bytes))
            do throws(MalformedMessage) {
                try read(&reader)
                return "accepted"
            } catch { return error.text }
        }
        #expect(reason("02000000") { (r) throws(MalformedMessage) in _ = try r.boolean() } == "a boolean is neither 0 nor 1")
        #expect(
            reason("00 01 0000 00000000") { (r) throws(MalformedMessage) in
                _ = try r.number(UInt8.self)
                _ = try r.number(UInt32.self)
            } == "its padding isn't zero")
        for text in ["01000000 ff 00", "02000000 'a' 00 00", "02000000 c380 00", "03000000 eda080 00"] {
            let found = reason(text) { (r) throws(MalformedMessage) in _ = try r.string() }
            #expect(found == (text.hasPrefix("02000000 c380") ? "accepted" : "a string isn't UTF-8, or holds a NUL"), "\(text)")
        }
        #expect(reason("01000000 'a' 01") { (r) throws(MalformedMessage) in _ = try r.string() } == "a string doesn't end in NUL")
        #expect(reason("ffffffff 'a' 00") { (r) throws(MalformedMessage) in _ = try r.string() } == "it ends in a value")
        for path in ["", "a", "/a/", "//", "/a//b", "/a-b", "/é"] {
            var bytes = MessageWriter()
            bytes.add(ByteString(path))
            let found = reason(hex(bytes.bytes)) { (r) throws(MalformedMessage) in _ = try r.objectPath() }
            #expect(found == "an object path is invalid", "\(path)")
        }
        #expect(
            reason("ffffff7f") { (r) throws(MalformedMessage) in
                try r.array(alignment: 1) { (_) throws(MalformedMessage) in }
            } == "an array is too long")
        #expect(
            reason("05000000 00000000") { (r) throws(MalformedMessage) in
                try r.array(alignment: 1) { (r) throws(MalformedMessage) in _ = try r.number(UInt8.self) }
            } == "an array is longer than the message")
        // The last element would end behind the array.
        #expect(
            reason("06000000 01000000 02000000") { (r) throws(MalformedMessage) in
                try r.array(alignment: 4) { (r) throws(MalformedMessage) in _ = try r.number(UInt32.self) }
            } == "it ends in a value")
        for type in ["", "ss", "s(", "z"] {
            let bytes = [UInt8(type.utf8.count)] + Array(type.utf8) + [0]
            #expect(
                reason(hex(bytes)) { (r) throws(MalformedMessage) in _ = try r.variant() }
                    == (type == "" || type == "ss" ? "a variant hasn't exactly one type" : "a signature is invalid"), "\(type)")
        }
    }

    @Test func signaturesAreChecked() {
        for good in ["", "s", "yybnqiuxtdsogvh", "as", "aas", "a(sv)", "a{sv}", "a{s(iav)}", "(i(ii))", "ssa(sv)a(sa(sv))"] {
            #expect(WireText.isSignature(Array(good.utf8)[...]), "\(good)")
        }
        for bad in ["a", "(", ")", "()", "(i", "i)", "{sv}", "a{s}", "a{svs}", "a{vs}", "a{(i)s}", "e", "r", "\0"] {
            #expect(!WireText.isSignature(Array(bad.utf8)[...]), "\(bad)")
        }
        #expect(WireText.isSignature([UInt8](repeating: UInt8(ascii: "i"), count: 255)[...]))
        #expect(!WireText.isSignature([UInt8](repeating: UInt8(ascii: "i"), count: 256)[...]))
        #expect(!WireText.isSignature([UInt8](repeating: UInt8(ascii: "a"), count: 200)[...] + Array("i".utf8)))
    }

    @Test func variantsInVariantsEndSomewhere() throws {
        func skip(_ count: Int) throws(MalformedMessage) {
            var bytes: [UInt8] = []
            for _ in 1..<count { bytes += wire("01 'v' 00") }
            var reader = MessageReader(bytes + wire("01 'y' 00 07"))
            try reader.skip("v")
        }
        try skip(64)
        let error = try #require(throws: MalformedMessage.self) { try skip(65) }
        #expect(error.text == "its values are nested too deeply")
        #expect(throws: MalformedMessage.self) { try skip(300_000) }
    }

    @Test func everyTypeCanBePassedOver() throws {
        var reader = MessageReader(
            written { writer in
                writer.add(1 as UInt8)
                writer.addArray(alignment: 8) { writer in
                    writer.beginStructure()
                    writer.add("k" as ByteString)
                    writer.beginVariant("(nt)")
                    writer.beginStructure()
                    writer.add(1 as Int16)
                    writer.add(2 as UInt64)
                }
                writer.add(path: "/")
                writer.add(signature: "s")
                writer.add(true)
                writer.add(1.5.bitPattern)
                writer.add(77 as UInt8)
            })
        try reader.skip("ya{sv}ogbd")
        #expect(try reader.number(UInt8.self) == 77)
    }

    @Test func unsayableValuesMakeTheMessageInvalid() {
        func failure(_ body: (inout MessageWriter) -> Void) -> String? {
            var writer = MessageWriter()
            body(&writer)
            return writer.failure?.text
        }
        #expect(failure { $0.add(ByteString([0xFF])) } == "a string isn't UTF-8, or holds a NUL")
        #expect(failure { $0.add(ByteString([0x61, 0])) } == "a string isn't UTF-8, or holds a NUL")
        #expect(failure { $0.add(path: "a") } == "an object path is invalid")
        #expect(failure { $0.add(signature: "(") } == "a signature is invalid")
        #expect(failure { $0.add(array: [UInt8](repeating: 0, count: 1 << 20)) } == "the message is too long")
        #expect(failure { $0.add(array: [UInt8](repeating: 0, count: 2 << 20)) } == "an array is too long")
    }
}
