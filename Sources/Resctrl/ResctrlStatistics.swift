import Bytes
public import Errors
import Linux
public import OCI

/// What `events` tells of a container's resctrl group.
public struct ResctrlStatistics: Sendable {
    /// What the kernel tells of one resource: the folder in `info`, and the files that `events` shows, with their names there.
    struct Resource {
        let key: StaticString
        let folder: ByteString
        let files: [(name: ByteString, key: StaticString, isText: Bool)]
        let rootSchemaKey: StaticString
        let schemaKey: StaticString

        static let cache = Resource(
            key: "l3_cache_info", folder: "L3",
            files: [
                ("cbm_mask", "cbm_mask", true), ("min_cbm_bits", "min_cbm_bits", false), ("num_closids", "num_closids", false),
            ], rootSchemaKey: "l3_cache_schema_root", schemaKey: "l3_cache_schema")
        static let bandwidth = Resource(
            key: "mem_bw_info", folder: "MB",
            files: [
                ("bandwidth_gran", "bandwidth_gran", false), ("delay_linear", "delay_linear", false),
                ("min_bandwidth", "min_bandwidth", false), ("num_closids", "num_closids", false),
            ], rootSchemaKey: "mem_bw_schema_root", schemaKey: "mem_bw_schema")
    }

    private var resources: [(resource: Resource, info: [ByteString], root: ByteString, own: ByteString)] = []
    private var schemata: [ByteString] = []
    /// The counters of each domain, if the kernel monitors them: mbm_total_bytes, mbm_local_bytes; llc_occupancy.
    private var bandwidth: [(total: UInt64, local: UInt64)]?
    private var occupancy: [UInt64]?

    /// Reads the statistics of a group.
    public init(_ group: ResctrlGroup) throws(RuntimeError) {
        let (fileSystem, name, monitored) = group.places
        schemata = try group.schemata()
        let rootSchemata = try ResctrlGroup("/", monitoring: nil, in: fileSystem).schemata()
        do throws(SystemError) {
            for resource in [Resource.cache, Resource.bandwidth] {
                let folder = "info/" + resource.folder
                guard try fileSystem.root.contains(folder) else { continue }
                var info: [ByteString] = []
                for file in resource.files {
                    info.append(ByteString(try fileSystem.root.readFile(folder + "/" + file.name)).trimmed)
                }
                resources.append(
                    (resource, info, rootSchemata.line(of: resource.folder), schemata.line(of: resource.folder)))
            }
            try readCounters(fileSystem, monitored)
        } catch {
            throw RuntimeError(
                .cgroup, "the statistics of the resctrl group can't be read", error, path: fileSystem.path + "/" + name)
        }
    }

    private mutating func readCounters(_ fileSystem: ResctrlFileSystem, _ monitored: ByteString) throws(SystemError) {
        guard try fileSystem.root.contains("info/L3_MON") else { return }
        let features = try fileSystem.root.readFile("info/L3_MON/mon_features").split(separator: UInt8(ascii: "\n"))
            .map { ByteString($0).trimmed }
        let folder = monitored + "/mon_data"
        let domains = try fileSystem.root.open(folder, flags: [.readOnly, .directory]).entries().map { $0.name }.ordered()
        func counter(_ feature: ByteString, _ domain: ByteString) throws(SystemError) -> UInt64 {
            guard features.contains(feature) else { return 0 }
            // The text "Unavailable" or "Error" stands for a number that the hardware didn't give.
            return ByteString(try fileSystem.root.readFile(folder + "/" + domain + "/" + feature)).trimmed.decimal() ?? 0
        }
        if features.contains("mbm_total_bytes") || features.contains("mbm_local_bytes") {
            var counters: [(total: UInt64, local: UInt64)] = []
            for domain in domains {
                counters.append((try counter("mbm_total_bytes", domain), try counter("mbm_local_bytes", domain)))
            }
            bandwidth = counters
        }
        if features.contains("llc_occupancy") {
            var counters: [UInt64] = []
            for domain in domains { counters.append(try counter("llc_occupancy", domain)) }
            occupancy = counters
        }
    }

    /// Writes the members of `intel_rdt` in an event, with runc's names.
    public func write(to json: inout JSONWriter) {
        for (resource, info, root, own) in resources {
            json.object(resource.key) { json in
                for (file, value) in zip(resource.files, info) {
                    if file.isText { json.member(file.key, value) } else { json.member(file.key, number: value) }
                }
            }
            if !root.isEmpty { json.member(resource.rootSchemaKey, root) }
            if !own.isEmpty { json.member(resource.schemaKey, own) }
        }
        json.array("schemata") { json in
            for line in schemata { json.element(line) }
        }
        if let bandwidth {
            json.array("mbm_stats") { json in
                for counter in bandwidth {
                    json.object {
                        $0.member("mbm_total_bytes", counter.total)
                        $0.member("mbm_local_bytes", counter.local)
                    }
                }
            }
        }
        if let occupancy {
            json.array("cmt_stats") { json in
                for counter in occupancy { json.object { $0.member("llc_occupancy", counter) } }
            }
        }
    }
}

extension [ByteString] {
    /// The line of this resource in a file `schemata`; empty if it has none.
    fileprivate func line(of resource: ByteString) -> ByteString { first { Schema($0)?.resource == resource } ?? "" }
}
