import Bytes
import Errors
import OCI
import Testing

/// Takes out what is wrong, value by value.
@Suite struct ConfigDraftTests {
    /// The messages of the decoder until it finds nothing more, each with its pointer in the file; of each pointer the first one.
    private func errors(_ text: [UInt8]) throws -> [String] {
        var draft = try ConfigDraft(parsing: text)
        var messages: [String] = []
        var pointers: Set<String> = []
        for _ in 0..<20 {
            do throws(RuntimeError) {
                try draft.decoded().validate()
                return messages
            } catch {
                let place = draft.original(error.pointer ?? "")
                if pointers.insert(place).inserted { messages.append(place + ": " + error.sentence) }
                guard let pointer = error.pointer, draft.mend(pointer) else { return messages + ["beyond help"] }
            }
        }
        return messages + ["no end"]
    }

    @Test func rightConfigHasNone() throws { #expect(try errors(config("")) == []) }

    @Test func elementsKeepTheirPlacesInTheFile() throws {
        let text = config(
            #""mounts": [{"destination": 1}, {"destination": "/a"}, {"destination": 2, "type": "x"}, {"destination": ""}, 5]"#)
        #expect(
            try errors(text) == [
                "/mounts/0/destination: expected a string, found the number 1",
                "/mounts/2/destination: expected a string, found the number 2",
                "/mounts/3/destination: must not be empty", "/mounts/4: expected an object, found the number 5",
            ])
    }

    @Test func elementsOfNestedListsKeepTheirPlaces() throws {
        let text = config(
            #""mounts": [7, {"destination": "/a", "options": ["x", 1, "y", 2]}, {"destination": "/b", "options": [3]}]"#)
        #expect(
            try errors(text) == [
                "/mounts/0: expected an object, found the number 7",
                "/mounts/1/options/1: expected a string, found the number 1",
                "/mounts/1/options/3: expected a string, found the number 2",
                "/mounts/2/options/0: expected a string, found the number 3",
            ])
    }

    @Test func membersAreTakenOutAlone() throws {
        let text = config(#""hostname": 1, "process": {"cwd": "/", "args": ["sh"], "oomScoreAdj": "x"}, "domainname": []"#)
        #expect(
            try errors(text).map { $0.prefix { $0 != ":" } } == ["/process/oomScoreAdj", "/hostname", "/domainname"])
    }

    @Test func requiredPropertiesAreFilledIn() throws {
        #expect(
            try errors(Array(#"{"process": {"user": {"uid": -1}}}"#.utf8)).prefix(2) == [
                "/ociVersion: required property is missing", "/root: required property is missing",
            ])
        #expect(
            try errors(configWithLinux(#""namespaces": [{}, {"type": "pid"}]"#)) == [
                "/linux/namespaces/0/type: required property is missing"
            ])
    }

    @Test func keyWithEscapes() throws {
        #expect(
            try errors(config(#""annotations": {"a/b~c": 1, "d": 2}"#)).map { $0.prefix(20) } == [
                "/annotations/a~1b~0c", "/annotations/d: expe",
            ])
    }

    @Test func whatNobodyCanMend() throws {
        #expect(try errors(Array("5".utf8)) == [": expected an object, found the number 5", "beyond help"])
    }

    @Test func misspeltKeyIsFound() throws {
        let draft = try ConfigDraft(parsing: config(#""mounts": [{"destinaton": "/a", "type": "tmpfs"}]"#))
        #expect(draft.misspelt("/mounts/0/destination")?.key == "/mounts/0/destinaton")
        #expect(draft.misspelt("/mounts/0/type") == nil, "it's there")
        #expect(draft.misspelt("/mounts/1/type") == nil)
    }

    @Test func pointersWithWhatErrorsAdd() throws {
        var draft = try ConfigDraft(parsing: config(#""mounts": [{"destination": "/a"}, {"destination": "/b"}]"#))
        let isMended = draft.mend("/mounts/0 (/a)")
        #expect(isMended)
        #expect(draft.original("/mounts/0 (/b)/options") == "/mounts/1 (/b)/options")
        #expect(try draft.decoded().mounts.map { $0.destination } == ["/b"])
    }
}
