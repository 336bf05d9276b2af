import Bytes
import Errors
import Testing

@testable import Systemd

@Suite struct BusAddressTests {
    @Test(
        arguments: [
            (nil, "/run/user/1000", "/run/user/1000/bus"), ("", "/run/user/1000", "/run/user/1000/bus"),
            ("unix:path=/a/bus", nil, "/a/bus"), ("unix:path=/a/bus,guid=0123", "/run/user/1000", "/a/bus"),
            ("unix:guid=0123,path=/a/bus", nil, "/a/bus"), ("unix:path=/a%20b%2fbus", nil, "/a b/bus"),
            ("tcp:host=a,port=1;unix:abstract=/b;unix:path=/c", nil, "/c"), ("unix:runtime=yes", "/r", "/r/bus"),
        ] as [(ByteString?, ByteString?, ByteString)])
    func addressOfTheUsersBus(address: ByteString?, directory: ByteString?, path: ByteString) throws {
        let found = try BusAddress.user(address: address, runtimeDirectory: directory)
        #expect(found == BusAddress(path: path, kind: .bus))
    }

    @Test(
        arguments: [
            "tcp:host=a", "unix:abstract=/a", "unix:path=a", "unix:path=", "unix:", "unix", ";", "unix:path=/a%0",
            "unix:path=/a%zz",
            "unix:path=/a%00", "unix:runtime=yes", "autolaunch:",
        ] as [ByteString])
    func addressesWithoutAPathAreRefused(address: ByteString) throws {
        let error = try #require(throws: RuntimeError.self) {
            try BusAddress.user(address: address, runtimeDirectory: nil)
        }
        #expect(error.code == .cgroup)
        #expect(
            error.sentence
                == "DBUS_SESSION_BUS_ADDRESS has no address of the form unix:path=FILE: \(address.displayText)")
    }

    @Test func noAddressIsAnErrorWithAHint() throws {
        let error = try #require(throws: RuntimeError.self) { try BusAddress.user(address: nil, runtimeDirectory: nil) }
        #expect(
            error.sentence
                == "the bus of the user's systemd isn't known: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set")
        #expect(error.hint?.contains("/run/user/UID") == true)
    }

    @Test func systemsBusComesFirst() {
        #expect(BusAddress.system == BusAddress(path: "/run/dbus/system_bus_socket", kind: .bus))
        #expect(BusAddress.systemd == BusAddress(path: "/run/systemd/private", kind: .systemd))
    }
}
