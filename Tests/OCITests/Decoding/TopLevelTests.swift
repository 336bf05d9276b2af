import Bytes
import Testing

@testable import OCI

@Suite struct TopLevelTests {
    @Test func leavesOutWhatTheDocumentLeavesOut() throws {
        let config = try Config(parsing: config(""))
        #expect(config.ociVersion == "1.3.0")
        #expect(config.root?.path == "rootfs")
        #expect(config.root?.readonly == false)
        #expect(config.process == nil)
        #expect(config.hostname == nil)
        #expect(config.mounts.isEmpty && config.annotations.isEmpty && config.linux.namespaces.isEmpty)
        #expect(config.hooks.prestart.isEmpty && config.hooks.poststop.isEmpty)
    }

    @Test func takesNullForAbsent() throws {
        let config = try Config(
            parsing: config(
                #""process": null, "hostname": null, "mounts": null, "hooks": null, "annotations": null, "linux": null"#))
        #expect(config.process == nil && config.hostname == nil && config.mounts.isEmpty)
        #expect(config.unknownProperties == [])
    }

    @Test func takesAnEmptyTextForAbsent() throws {
        let config = try Config(
            parsing: config(
                #""hostname": "", "mounts": [{"destination": "/a", "type": "", "source": ""}], "linux": {"cgroupsPath": "", "mountLabel": "", "rootfsPropagation": "", "namespaces": [{"type": "pid", "path": ""}]}"#
            ))
        #expect(config.hostname == nil)
        #expect(config.mounts.first?.type == nil)
        #expect(config.mounts.first?.source == nil)
        #expect(config.linux.cgroupsPath == nil && config.linux.mountLabel == nil && config.linux.rootfsPropagation == nil)
        #expect(config.linux.namespaces.first?.path == nil)
    }

    @Test func keepsAnnotationsInOrderAndByteForByte() throws {
        let config = try Config(parsing: config(#""annotations": {"b": "", "a": "x\ny", "é": "e\u0301"}"#))
        #expect(config.annotations.map(\.key) == ["b", "a", "é"])
        #expect(config.annotations.map(\.value) == ["", "x\ny", "e\u{301}"])
    }

    @Test func decodesHooks() throws {
        let config = try Config(
            parsing: config(
                #""hooks": {"prestart": [{"path": "/a"}], "createRuntime": [{"path": "/b", "args": ["b", ""], "env": ["X=1"], "timeout": 5}], "createContainer": [{"path": "/c"}], "startContainer": [{"path": "/d", "env": []}], "poststart": [{"path": "/e"}], "poststop": [{"path": "/f"}, {"path": "/g"}]}"#
            ))
        #expect(config.hooks.prestart.map(\.path) == ["/a"])
        #expect(config.hooks.prestart.first?.env == nil)
        #expect(config.hooks.prestart.first?.timeout == nil)
        let hook = try #require(config.hooks.createRuntime.first)
        #expect(hook.args == ["b", ""] && hook.env == ["X=1"] && hook.timeout == 5)
        #expect(config.hooks.createContainer.map(\.path) == ["/c"])
        #expect(config.hooks.startContainer.first?.env == [])
        #expect(config.hooks.poststart.map(\.path) == ["/e"])
        #expect(config.hooks.poststop.map(\.path) == ["/f", "/g"])
    }

    @Test func decodesMounts() throws {
        let mapping = #"[{"containerID": 0, "hostID": 1000, "size": 10}]"#
        let config = try Config(
            parsing: config(
                #""mounts": [{"destination": "data", "type": "none", "source": "/srv", "options": ["rbind", "ro"], "uidMappings": \#(mapping), "gidMappings": \#(mapping)}, {"destination": "/proc"}]"#
            ))
        #expect(config.mounts.map(\.destination) == ["data", "/proc"])
        let mount = try #require(config.mounts.first)
        #expect(mount.type == "none" && mount.source == "/srv" && mount.options == ["rbind", "ro"])
        #expect(mount.uidMappings == [IDMapping(containerID: 0, hostID: 1000, size: 10)])
    }

    private static let mapping = #"[{"containerID": 0, "hostID": 0, "size": 1}]"#

    @Test(arguments: [
        (#""root": null"#, "the key"), (#""hostname": 5"#, "/hostname: expected a string, found the number 5"),
        (#""hostname": "x""#, "/hostname: needs a uts namespace\nadd {\"type\": \"uts\"} to /linux/namespaces"),
        (#""domainname": "x""#, "/domainname: needs a uts namespace\nadd {\"type\": \"uts\"} to /linux/namespaces"),
        (#""hostname": "\#(String(repeating: "x", count: 65))""#, "/hostname: has 65 bytes, the kernel takes 64"),
        (#""domainname": "\#(String(repeating: "x", count: 65))""#, "/domainname: has 65 bytes, the kernel takes 64"),
        (#""annotations": {"": "x"}"#, "/annotations/: the key of an annotation must not be empty"),
        (#""annotations": {"x": true}"#, "/annotations/x: expected a string, found true"),
        (#""annotations": ["x"]"#, "/annotations: expected an object, found an array"),
        (#""mounts": {}"#, "/mounts: expected an array, found an object"),
        (#""mounts": [null]"#, "/mounts/0: expected an object, found null"),
        (#""mounts": [{"source": "/"}]"#, "/mounts/0/destination: required property is missing"),
        (#""mounts": [{"destination": ""}]"#, "/mounts/0/destination: must not be empty"),
        (
            #""mounts": [{"destination": "/a"}, {"destination": "/b", "options": "ro"}]"#,
            "/mounts/1/options: expected an array, found a string"
        ),
        (
            #""mounts": [{"destination": "/a", "options": ["ro", 1]}]"#,
            "/mounts/0/options/1: expected a string, found the number 1"
        ),
        (
            #""mounts": [{"destination": "/a", "uidMappings": \#(mapping)}]"#,
            "/mounts/0: must have both uidMappings and gidMappings, or neither"
        ),
        (
            #""mounts": [{"destination": "/a", "gidMappings": \#(mapping)}]"#,
            "/mounts/0: must have both uidMappings and gidMappings, or neither"
        ),
        (
            #""mounts": [{"destination": "/a", "options": ["idmap"]}]"#,
            "/mounts/0: an id-mapped mount needs uidMappings and gidMappings, or a user namespace to take them from"
        ),
        (
            #""mounts": [{"destination": "/a", "options": ["ridmap"]}]"#,
            "/mounts/0: an id-mapped mount needs uidMappings and gidMappings, or a user namespace to take them from"
        ),
        (#""hooks": {"poststop": [{"args": []}]}"#, "/hooks/poststop/0/path: required property is missing"),
        (#""hooks": {"prestart": [{"path": "bin/x"}]}"#, "/hooks/prestart/0/path: \"bin/x\" must be an absolute path"),
        (
            #""hooks": {"prestart": [{"path": "/x", "timeout": 0}]}"#,
            "/hooks/prestart/0/timeout: expected an integer from 1 to 2147483647, found the number 0"
        ),
        (
            #""hooks": {"prestart": [{"path": "/x", "env": [1]}]}"#,
            "/hooks/prestart/0/env/0: expected a string, found the number 1"
        ),
        (#""linux": []"#, "/linux: expected an object, found an array"),
    ])
    func refuses(_ members: String, _ message: String) {
        if message == "the key" {
            #expect(verdict(config(members)).text.hasPrefix("the key \"root\" stands twice"))
        } else {
            #expect(verdict(config(members)).text == message)
        }
    }

    @Test func takesAnIDMappedMountInAUserNamespace() {
        let members = #""mounts": [{"destination": "/a", "options": ["idmap"]}], "linux": {"namespaces": [{"type": "user"}]}"#
        #expect(verdict(config(members)) == .accepted)
    }

    @Test func takesAHostnameOfALengthThatTheKernelTakes() {
        let name = String(repeating: "x", count: 64)
        #expect(verdict(config(#""hostname": "\#(name)", "linux": {"namespaces": [{"type": "uts"}]}"#)) == .accepted)
    }

    @Test(arguments: [#"{"path": ""}"#, #"{}"#, #""rootfs""#, #"{"path": "a", "readonly": "yes"}"#])
    func refusesARootThatIsNone(_ root: String) {
        let messages = [
            "/root/path: must not be empty", "/root/path: required property is missing",
            "/root: expected an object, found a string",
            "/root/readonly: expected true or false, found a string",
        ]
        #expect(messages.contains(verdict(Array(#"{"ociVersion": "1.0.0", "root": \#(root)}"#.utf8)).text))
    }
}
