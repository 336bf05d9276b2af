"""config-linux.md: limits and device rules of the cgroup."""

import json
import os

from harness import cgroups
from harness.bundles import SLEEP, changed, without
from harness.rules import chapter
from harness.session import read, write
from harness.verdicts import Skip, equal, expect, no_problems

rule = chapter("config-linux", "Control groups")
# A device that nobody has. Where it's permitted, the kernel says so: "No such device".
DEVICE = {"path": "/dev/nobodys", "type": "c", "major": 240, "minor": 77, "fileMode": 0o666}
OPENS = "(: < /dev/nobodys) 2>&1 | sed 's/.*: //'"


def _with(case, resources, script="true"):
    config = case.config(script)
    config["linux"]["resources"] = resources
    return config


NONE = {"allow": False, "access": "rwm"}
YES, NO = ({"allow": allow, "type": "c", "major": 240, "minor": 77, "access": "rw"} for allow in (True, False))


@rule("device rules apply in the listed order")
def device_rules_apply_in_order(case):
    every, problems = {"allow": True, "access": "rwm"}, []
    for rules, wanted in (([NONE], False), ([NONE, YES], True), ([NONE, YES, NO], False), ([NONE, NO, YES], True),
                          ([YES, NONE], False), ([NONE, every], True), ([every, NO], False)):
        config = _with(case, {"devices": rules}, OPENS)
        config["linux"]["devices"] = [DEVICE]
        seen = case.output(config).strip()
        if seen != ("No such device or address" if wanted else "Operation not permitted"):
            problems.append(f"{[(rule['allow'], rule.get('major', 'all')) for rule in rules]}: {seen!r}")
    no_problems(problems, "that the last rule for a device counts")


@rule("a device rule has `allow`")
def a_device_rule_has_allow(case):
    good = _with(case, {"devices": [NONE, YES]})
    case.refuses(good, {"a rule without allow": without(good, ["linux", "resources", "devices", 1, "allow"])})


@rule("`checkBeforeUpdate`: the runtime refuses a limit below the current usage")
def a_limit_below_the_usage_is_refused(case):
    cgroups.need("memory")
    container = case.start(_with(case, {"memory": {"limit": 200 << 20}},
                                 "head -c 30000000 /dev/zero > /mnt/file; echo full; exec sleep 1000"), _with_tmpfs)
    container.await_output("full")

    def update(limit):
        path = container.bundle + "/resources.json"
        write(path, json.dumps({"memory": {"limit": limit, "swap": -1, "checkBeforeUpdate": True}}))
        return case.call("update", "--resources", path, container.id)

    # A part of the file on tmpfs may go to swap: without swap the usage can't shrink.
    result = update(100 << 20)
    expect(result.status == 0, "status 0 of `update` with a limit above the usage", result)
    expect(update(4 << 20).status != 0, "an error of `update` with a limit below the usage", "status 0")
    folder = cgroups.folder_of(container.pid, "memory")
    name = "memory.max" if cgroups.is_unified() else "memory.limit_in_bytes"
    equal(read(f"{folder}/{name}").strip(), str(100 << 20), "of the limit, the one before")


def _with_tmpfs(folder):
    with open(folder + "/config.json") as file:
        config = json.load(file)
    config["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["size=64m"]})
    write(folder + "/config.json", json.dumps(config))


@rule("`cpu.burst` isn't above a positive `quota`")
def the_burst_is_not_above_the_quota(case):
    cgroups.need("cpu")
    good = _with(case, {"cpu": {"quota": 50000, "period": 100000, "burst": 10000}}, SLEEP)
    folder = cgroups.folder_of(case.start(good).pid, "cpu")
    name = "cpu.max.burst" if cgroups.is_unified() else "cpu.cfs_burst_us"
    if not os.path.exists(f"{folder}/{name}"):
        raise Skip("the kernel has no burst")
    equal(read(f"{folder}/{name}").strip(), "10000", "of the burst")
    case.refuses(good, {"a burst above the quota": changed(good, ["linux", "resources", "cpu", "burst"], 60000)})


NAMES = {"a block device's weight has numbers, and": "weights-of-block-devices-are-complete", "a throttle has numbers and":
         "throttles-are-complete", "a limit of huge pages has": "limits-of-huge-pages-are-complete",
         "a priority of network traffic has": "network-priorities-are-complete", "an RDMA device has":
         "limits-of-rdma-devices-are-complete"}
INCOMPLETE = {
    "a block device's weight has numbers, and `weight` or `leafWeight`": {
        "a weight without major": {"blockIO": {"weightDevice": [{"minor": 0, "weight": 100}]}},
        "a weight without minor": {"blockIO": {"weightDevice": [{"major": 8, "weight": 100}]}},
        "no weight": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}},
    "a throttle has numbers and `rate`": {
        f"{kind} without {name}": {"blockIO": {kind: [{key: 1 for key in ("major", "minor", "rate") if key != name}]}}
        for kind in ("throttleReadBpsDevice", "throttleWriteBpsDevice", "throttleReadIOPSDevice", "throttleWriteIOPSDevice")
        for name in ("major", "minor", "rate")},
    "a limit of huge pages has `pageSize` and `limit`": {
        "no pageSize": {"hugepageLimits": [{"limit": 1 << 21}]}, "no limit": {"hugepageLimits": [{"pageSize": "2MB"}]}},
    "a priority of network traffic has `name` and `priority`": {
        "no name": {"network": {"priorities": [{"priority": 1}]}},
        "no priority": {"network": {"priorities": [{"name": "lo"}]}}},
    "an RDMA device has `hcaHandles` or `hcaObjects`": {"neither": {"rdma": {"mlx5_1": {}}}},
}


def _refuses_incomplete(listed):
    def check(case):
        case.refuses(case.config(), {what: _with(case, resources) for what, resources in listed.items()})
    return check


for text, listed in INCOMPLETE.items():
    rule(text, name=NAMES[text.split("`")[0].strip()])(_refuses_incomplete(listed))


@rule("`pids.limit` may be 0")
def no_process_may_be_added(case):
    cgroups.need("pids")
    config = _with(case, {"pids": {"limit": 0}})
    config["process"]["args"] = ["/bin/sleep", "1000"]
    folder = cgroups.folder_of(case.start(config).pid, "pids")
    equal(read(folder + "/pids.max").strip(), "0", "of pids.max")


@rule("a controller that doesn't exist or can't be enabled is an error")
def unknown_controllers_are_refused(case):
    good = case.config()
    case.refuses(good, {"unified with an unknown controller": _with(case, {"unified": {"unheardof.max": "1"}})})


def _need_v2():
    if not cgroups.is_unified():
        raise Skip("limits are those of cgroup v1 here")


@rule("`unified`: the runtime enables the controllers that the files need", "the runtime writes files with unknown names, too")
def files_of_unified_are_written(case):
    _need_v2()
    controllers = read(cgroups.TOP + "/cgroup.controllers").split()
    files = {"pids.max": "77", "memory.high": str(64 << 20), "memory.oom.group": "1", "hugetlb.2MB.max": str(4 << 20)}
    files = {name: value for name, value in files.items() if name.split(".")[0] in controllers}
    if not files:
        raise Skip("cgroup v2 has no controllers here")
    files["cgroup.max.descendants"] = "7"
    folder = cgroups.folder_of(case.start(_with(case, {"unified": files}, SLEEP)).pid, "")
    seen = {name: read(f"{folder}/{name}").strip() for name in files if os.path.exists(f"{folder}/{name}")}
    equal(seen, files, "of the files")


@rule("a v1 setting that can't be converted to v2 is an error")
def settings_that_v2_lacks_are_refused(case):
    _need_v2()
    case.refuses(case.config(), {"memory.kernelTCP": _with(case, {"memory": {"kernelTCP": 1 << 26}}),
                                 "memory.swappiness": _with(case, {"memory": {"swappiness": 50}}),
                                 "network.classID": _with(case, {"network": {"classID": 1 << 20}})})
