import Bytes
import Errors
import Testing

@testable import Systemd

@Suite struct UnitPlacementTests {
    @Test(
        arguments: [
            (nil, false, "system.slice", "runc-id.scope", "system.slice/runc-id.scope"),
            ("", false, "system.slice", "runc-id.scope", "system.slice/runc-id.scope"),
            (nil, true, "user.slice", "runc-id.scope", "user.slice/runc-id.scope"),
            ("system.slice:docker:1234", false, "system.slice", "docker-1234.scope", "system.slice/docker-1234.scope"),
            (":docker:1234", true, "user.slice", "docker-1234.scope", "user.slice/docker-1234.scope"),
            (
                "kubepods-besteffort-pod1_2.slice:cri-containerd:ab", false, "kubepods-besteffort-pod1_2.slice",
                "cri-containerd-ab.scope",
                "kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/cri-containerd-ab.scope"
            ),
            ("-.slice:p:n", false, "-.slice", "p-n.scope", "p-n.scope"), ("-:p:n", false, "-.slice", "p-n.scope", "p-n.scope"),
            ("system.slice::n", false, "system.slice", "-n.scope", "system.slice/-n.scope"),
            ("a.slice:p:test-a.slice", false, "a.slice", "test-a.slice", "test.slice/test-a.slice"),
            ("::machine.slice", false, "system.slice", "machine.slice", "machine.slice"),
            ("a.slice:p:x.scope", false, "a.slice", "p-x.scope.scope", "a.slice/p-x.scope.scope"),
        ] as [(ByteString?, Bool, ByteString, ByteString, ByteString)])
    func namesAreThoseOfRunc(path: ByteString?, isRootless: Bool, slice: ByteString, unit: ByteString, cgroup: ByteString)
        throws
    {
        let placement = try UnitPlacement(path, id: "id", isRootless: isRootless)
        #expect(placement.slice == slice)
        #expect(placement.unit == unit)
        #expect(placement.cgroupPath == cgroup)
        #expect(placement.isSlice == unit.hasSuffix(".slice"))
    }

    @Test(arguments: ["/a/b", "a", "a:b", "a.slice:b:c:d", ":"] as [ByteString])
    func pathsOfAnotherFormAreRefused(path: ByteString) throws {
        let error = try #require(throws: RuntimeError.self) { try UnitPlacement(path, id: "id", isRootless: false) }
        #expect(error.code == .invalidConfig)
        #expect(error.pointer == "/linux/cgroupsPath")
        #expect(
            error.sentence
                == "the cgroup path \"\(path.displayText)\" hasn't the form slice:prefix:name, which systemd needs")
    }

    @Test(
        arguments: [
            ("system:p:n", "system"), (".slice:p:n", ".slice"), ("a/b.slice:p:n", "a/b.slice"), ("a--b.slice:p:n", "a--b.slice"),
            ("-a.slice:p:n", "-a.slice"), ("a-.slice:p:n", "a-.slice"), ("--.slice:p:n", "--.slice"),
            ("a b.slice:p:n", "a b.slice"),
            ("::-.slice", "-.slice"), ("::.slice", ".slice"), ("::../a.slice", "../a.slice"), ("é.slice:p:n", "é.slice"),
        ] as [(ByteString, String)])
    func malformedSlicesAreRefused(path: ByteString, named: String) throws {
        let error = try #require(throws: RuntimeError.self) { try UnitPlacement(path, id: "id", isRootless: false) }
        #expect(error.code == .invalidConfig)
        #expect(error.pointer == "/linux/cgroupsPath")
        #expect(error.sentence == "\"\(named)\" isn't the name of a slice that a container can be in")
    }

    @Test(
        arguments: [
            (":p:", "p-.scope"), (":p:a/b", "p-a/b.scope"), (":..:/n", "..-/n.scope"), (":p:a+b", "p-a+b.scope"),
            (":p:a b", "p-a b.scope"), (":@:n", "@-n.scope"), (":p:\n", "p-\\n.scope"),
        ] as [(ByteString, String)])
    func malformedNamesAreRefused(path: ByteString, unit: String) throws {
        let error = try #require(throws: RuntimeError.self) { try UnitPlacement(path, id: "id", isRootless: false) }
        #expect(error.code == .invalidConfig)
        #expect(error.pointer == "/linux/cgroupsPath")
        #expect(error.sentence.hasSuffix(" gives \"\(unit)\", which systemd doesn't accept as the name of a unit"))
    }

    @Test func longestNameHas255Bytes() throws {
        func name(_ count: Int) -> ByteString { ByteString([UInt8](repeating: UInt8(ascii: "x"), count: count)) }
        let longest = try UnitPlacement(":p:" + name(247), id: "id", isRootless: false)
        #expect(longest.unit.count == 255)
        #expect(throws: RuntimeError.self) { try UnitPlacement(":p:" + name(248), id: "id", isRootless: false) }
    }

    @Test func idThatSystemdRefusesIsAnError() throws {
        let error = try #require(throws: RuntimeError.self) { try UnitPlacement(nil, id: "a+b", isRootless: false) }
        #expect(
            error.message
                == "/linux/cgroupsPath: the cgroup path \":runc:a+b\" gives \"runc-a+b.scope\", which systemd doesn't accept as the name of a unit"
        )
    }

    @Test(
        arguments: [
            ("test-a-b.slice", "test.slice/test-a.slice/test-a-b.slice"), ("-.slice", ""), ("system.slice", "system.slice"),
            ("a.b-c.slice", "a.b.slice/a.b-c.slice"), (".slice", nil), ("slice", nil), ("a.scope", nil), ("-a.slice", nil),
            ("", nil), ("a/b.slice", nil),
        ] as [(ByteString, ByteString?)])
    func slicesAreInsideTheirPrefixes(slice: ByteString, path: ByteString?) {
        #expect(UnitPlacement.cgroupPath(ofSlice: slice) == path)
    }
}
