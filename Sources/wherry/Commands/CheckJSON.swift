import Bytes
import Errors
import Lifecycle
import OCI

extension CheckReport {
    /// The report for programs, as docs/check.md describes it.
    var json: [UInt8] {
        var json = JSONWriter(.indented(2))
        json.object { json in
            json.member("bundle", bundle)
            json.member("verdict", verdict.name)
            json.array("findings") { json in
                for finding in findings { json.object { finding.write(to: &$0) } }
            }
            json.object("plan") { json in
                for section in plan {
                    let columns = section.columns
                    json.array(section.name) { json in
                        for row in section.rows {
                            json.object { json in
                                for (column, text) in row.enumerated() { json.member(named: columns[column], text) }
                            }
                        }
                    }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

extension CheckReport.Verdict {
    fileprivate var name: StaticString {
        switch self {
        case .runs: "runs"
        case .doesNotRunHere: "does-not-run-here"
        case .isInvalid: "invalid"
        }
    }
}

extension Finding {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("kind", kind.name)
        if let code { json.member("code", code.name) }
        if let pointer { json.member("pointer", pointer) }
        json.member("message", message)
        if let hint { json.member("hint", hint) }
    }
}
