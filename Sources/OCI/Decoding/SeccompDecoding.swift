import Bytes
import Errors

extension Seccomp {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        let action = try object.requiredChoice("defaultAction", Names.seccompAction)
        try self.init(
            defaultAction: action,
            defaultErrnoRet: object.errnoRet("defaultErrnoRet", of: action),
            architectures: object.list("architectures", decodeArchitecture),
            flags: object.optionalList("flags", decodeFlag),
            listenerPath: object.text("listenerPath"),
            listenerMetadata: object.text("listenerMetadata"),
            rules: object.list("syscalls", Rule.init))
        object.finish()
        guard listenerMetadata == nil || listenerPath != nil else {
            throw (value["listenerMetadata"] ?? value).error("must not be set without listenerPath")
        }
        try checkNotify(value)
    }

    private func checkNotify(_ value: JSONValue) throws(RuntimeError) {
        if defaultAction == .notify, let action = value["defaultAction"] {
            throw action.error(
                "SCMP_ACT_NOTIFY can't be the default action",
                hint: "the system calls that hand the listener's descriptor over would wait for it themselves")
        }
        guard listenerPath == nil, let index = rules.firstIndex(where: { $0.action == .notify }) else { return }
        throw value.error("the action SCMP_ACT_NOTIFY of syscalls/" + String(index) + " needs listenerPath")
    }
}

private func decodeArchitecture(_ name: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) -> ByteString {
    try Names.seccompArchitecture[name]
    return try name.text()
}

private func decodeFlag(_ name: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) -> Seccomp.Flag {
    try Names.seccompFlag[name]
}

extension ObjectDecoder {
    /// Reads the error number of an action. The specification wants an error if the action has no use for it.
    fileprivate mutating func errnoRet(_ name: StaticString, of action: Seccomp.Action) throws(RuntimeError) -> UInt32? {
        guard let value = value(name) else { return nil }
        switch action {
        // The kernel would replace a larger number by its highest error number, 4095.
        case .errno: return try value.integer(in: 0...4095)
        case .trace: return try value.integer(in: 0...0xFFFF)
        default: throw value.error("only the actions SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an error number")
        }
    }
}

extension Seccomp.Rule {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        let action = try object.requiredChoice("action", Names.seccompAction)
        try self.init(
            names: object.list("names") { (name, _) throws(RuntimeError) in try name.filledText() },
            action: action,
            errnoRet: object.errnoRet("errnoRet", of: action),
            args: object.list("args", Seccomp.Argument.init))
        object.finish()
        guard !names.isEmpty else { throw object.missing("names", "must have at least one system call") }
    }
}

extension Seccomp.Argument {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            // A system call has six arguments.
            index: object.requiredInteger("index", in: 0...5),
            value: object.requiredInteger("value"),
            valueTwo: object.integer("valueTwo") ?? 0,
            op: object.requiredChoice("op", Names.seccompOperator))
        object.finish()
    }
}
