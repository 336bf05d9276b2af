import Testing

/// `linux.intelRdt` on a machine without a resctrl file system. Tests of the module Resctrl show the rest on a directory that
/// stands for one.
@Suite(
    "no resctrl", .needsRoot, .sandboxed,
    .enabled(if: !read("/proc/self/mountinfo").contains(" - resctrl "), "this machine has a resctrl file system"))
struct NoResctrlTests {
    // If it were ignored, the container would be less confined than its config demands.
    @Test func groupIsRefused() throws {
        let message = try refusal { $0.linux.intelRdt = ["closID": "gold", "l3CacheSchema": "L3:0=f"] }
        #expect(message.says("/linux/intelRdt: no resctrl file system is mounted"))
        #expect(message.says("\"mount -t resctrl resctrl /sys/fs/resctrl\" mounts it, if the processor has Intel RDT"))
    }

    @Test(arguments: [("--l3-cache-schema", "L3:0=f"), ("--mem-bw-schema", "MB:0=20")])
    func sharesOfAContainerWithoutAGroupCanNotBeChanged(option: String, schema: String) throws {
        let container = try Bundle { $0.runs("exec sleep 60") }.start()
        let message = try container.refusal(of: "update", option, schema)
        #expect(message.says("the container has no resctrl group whose schemata could be changed"))
        #expect(message.says("create the container with linux.intelRdt"))
    }
}
