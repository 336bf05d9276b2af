import Bytes
import Errors

extension Seccomp {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        defaultAction = try object.requiredChoice("defaultAction", Names.seccompAction)
        defaultErrnoRet = try object.errnoRet("defaultErrnoRet", of: defaultAction)
        architectures = try object.list("architectures") { (name, _) throws(RuntimeError) in
            try Names.seccompArchitecture[name]
            return try name.text()
        }
        flags = try object.nested("flags") { (list, _) throws(RuntimeError) in
            guard list.kind == .array else { throw list.mismatch("an array") }
            var flags: [Flag] = []
            for name in list.elements { flags.append(try Names.seccompFlag[name]) }
            return flags
        }
        listenerPath = try object.text("listenerPath")
        listenerMetadata = try object.text("listenerMetadata")
        rules = try object.list("syscalls", Rule.init)
        object.finish()
        guard listenerMetadata == nil || listenerPath != nil else {
            throw value.error("listenerMetadata must not be set without listenerPath")
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
        throw value.error("the action SCMP_ACT_NOTIFY of syscalls/\(index) needs listenerPath")
    }
}

extension ObjectDecoder {
    /// The specification wants an error where the action has no use for the number.
    fileprivate mutating func errnoRet(_ name: StaticString, of action: Seccomp.Action) throws(RuntimeError) -> UInt32? {
        guard let value = value(name) else { return nil }
        switch action {
        // The kernel takes what is above its highest error number for that number.
        case .errno: return try value.integer(in: 0...4095)
        case .trace: return try value.integer(in: 0...0xFFFF)
        default: throw value.error("only the actions SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an error number")
        }
    }
}

extension Seccomp.Rule {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        names = try object.list("names") { (name, _) throws(RuntimeError) in try name.filledText() }
        action = try object.requiredChoice("action", Names.seccompAction)
        errnoRet = try object.errnoRet("errnoRet", of: action)
        args = try object.list("args", Seccomp.Argument.init)
        object.finish()
        guard !names.isEmpty else { throw object.missing("names", "must have at least one system call") }
    }
}

extension Seccomp.Argument {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        // A system call has six arguments.
        index = try object.requiredInteger("index", in: 0...5)
        self.value = try object.requiredInteger("value")
        valueTwo = try object.integer("valueTwo") ?? 0
        op = try object.requiredChoice("op", Names.seccompOperator)
        object.finish()
    }
}
