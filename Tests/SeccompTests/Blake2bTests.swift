import Testing

@testable import Seccomp

@Suite struct Blake2bTests {
    private func hexadecimal(_ digest: Blake2b.Digest) -> String {
        digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// What Python's hashlib makes of the bytes 0, 7, 14, …, alone and under the digest of "key".
    @Test(arguments: [
        (
            0, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
            "32cac5a8b112402a258d8b462d662111b4ad8b52b6a93b9deb02bdb5ff2f17a8"
        ),
        (
            3, "b316f3683ac87007461037a8ff6547de35618800044bb3a4e98b3560c92c3794",
            "07dcd8b9c0e49738019f720ee2cb6fabbfe291e8c6190e52a5fc50ffa4547bd5"
        ),
        (
            127, "4ff62e7c4c43fe101a078479c48836be4907d9d498dcc577ca89d694b2c11f9b",
            "201c591929d203ae8a0e39d9c45b07ba3b3031d2277f4dd531a198f6ce687423"
        ),
        (
            128, "14696d2a98d9f8a280da8b132b1045b345e1033759c6b02fcc4ee885c8ae7c37",
            "5c25c00223a47f961dab46ec00effefbfd6558189144ef92fafa22a6700ca670"
        ),
        (
            129, "3934215260b1039be9d9d2b073b059bcd50120c327a22af93eb4d98cf821c14c",
            "9e41d49711bdca44f3f667ffef09a162ab1bd40c67f0c0d3d6dde0ee309fb4a7"
        ),
        (
            1000, "6ac4bea923678eb024090384d6e767b5870f849057dc19b172d8d9f2df30bf8e",
            "741cf5640bfb34bf3af797b86c0d1c2d3635c5cb0eb1296bd4b0fd1ac8cb6afb"
        ),
    ])
    func agreesWithAnotherImplementation(count: Int, plain: String, keyed: String) {
        let bytes = (0..<count).map { UInt8($0 * 7 % 256) }
        let key = Array("key".utf8).withUnsafeBytes { Blake2b.digest($0) }
        #expect(hexadecimal(bytes.withUnsafeBytes { Blake2b.digest($0) }) == plain)
        #expect(hexadecimal(bytes.withUnsafeBytes { Blake2b.digest($0, key: key) }) == keyed)
    }
}
