import Bytes
import Errors
import OCI
import Resctrl

extension ResctrlRecord {
    /// Removes the container's monitoring group and, if it was made for this container alone, its group: config-linux.md,
    /// "IntelRdt".
    func remove() throws(RuntimeError) {
        step(.removeResctrlGroup)
        // With the file system the groups are gone.
        try ResctrlGroup(self)?.remove(withGroup: isMade)
    }

    /// Writes the members that `init(_:)` reads.
    func write(to json: inout JSONWriter) {
        json.member("path", path)
        json.member("group", group)
        json.member("isMade", isMade)
        if let monitoring { json.member("monitoring", monitoring) }
    }

    /// Reads the members that `write(to:)` wrote: nil if they're damaged.
    init?(_ json: JSONValue) {
        guard let path = json["path"]?.string, path.hasPrefix("/"), let group = json["group"]?.string,
            let isMade = json["isMade"]?.bool
        else { return nil }
        self.init(path: path, group: group, isMade: isMade, monitoring: json["monitoring"]?.string)
    }
}
