import Bytes
import Testing

@testable import Lifecycle

@Suite struct BindSourceTests {
    @Test(
        arguments: [
            ("/b/rootfs", "/b/rootfs", "/"), ("/b/rootfs", "/b/rootfs/data", "/data"),
            ("/b//rootfs/", "/b/./rootfs//data/", "/data"),
            ("/b/rootfs", "/b/rootfsx/data", nil), ("/b/rootfs", "/b", nil), ("/", "/data", "/data"), ("/b", "/b/../etc", nil),
            ("/b/../c", "/c/x", nil), ("/b/rootfs", "/b/rootfs/..data", "/..data"),
        ] as [(ByteString, ByteString, ByteString?)])
    func findsThePathInTheRoot(root: ByteString, path: ByteString, expected: ByteString?) {
        #expect(ContainerPath.below(root, path) == expected)
    }
}
