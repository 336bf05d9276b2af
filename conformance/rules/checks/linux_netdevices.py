"""config-linux.md: network devices that move into the container."""

import json

from harness.bundles import SLEEP, changed
from harness.helpers import in_namespaces
from harness.rules import chapter
from harness.verdicts import Failure, equal, expect, no_problems

rule = chapter("config-linux", "Network devices")


def _pair(case, *names):
    """Makes a pair of network devices for each name; the other end is named NAME-o. They go with the check."""
    for name in names:
        case.host_command("ip", "link", "add", name, "type", "veth", "peer", "name", name + "-o")
        case.at_end.append(lambda name=name: _remove(case, name + "-o"))
        case.host_command("ip", "link", "set", name + "-o", "up")


def _remove(case, name):
    try:
        case.host_command("ip", "link", "delete", name)
    except Exception:                    # it has gone with the container's namespace
        pass


def _link(case, name, pid=None):
    """Returns what ip(8) says about a device, in the network namespace of a process; None if there is no such device."""
    enter = [] if pid is None else ["nsenter", f"--net=/proc/{pid}/ns/net"]
    listed = json.loads(case.host_command(*enter, "ip", "-j", "-d", "address") or "[]")
    return next((device for device in listed if device.get("ifname") == name), None)


def _config(case, devices, script=SLEEP):
    config = case.config(script)
    config["ociVersion"] = "1.3.0"
    config["linux"]["netDevices"] = devices
    return config


@rule("the named devices are moved into the container", "the devices are up")
def devices_are_moved_and_up(case):
    _pair(case, "rules0", "rules1")
    pid = case.start(_config(case, {"rules0": {}, "rules1": {"name": "other"}})).pid
    inside = {name: _link(case, name, pid) for name in ("rules0", "other")}
    outside = [name for name in ("rules0", "rules1") if _link(case, name)]
    problems = [f"{name} isn't in the container" for name, device in inside.items() if not device]
    problems += [f"{name} is still on the host" for name in outside]
    problems += [f"{name} isn't up" for name, device in inside.items() if device and "UP" not in device["flags"]]
    no_problems(problems, "both devices in the container, up, one with its new name")


@rule("the devices keep their attributes and permanent global addresses")
def devices_keep_attributes_and_addresses(case):
    _pair(case, "rules0")
    for words in ("link set rules0 address 02:00:00:00:12:34", "link set rules0 mtu 1400", "link set rules0 up",
                  "address add 192.0.2.7/24 dev rules0", "address add 2001:db8::7/64 dev rules0 nodad"):
        case.host_command("ip", *words.split())
    pid = case.start(_config(case, {"rules0": {}})).pid
    device = _link(case, "rules0", pid)
    expect(device, "the device in the container", "none")
    equal((device["mtu"], device["address"]), (1400, "02:00:00:00:12:34"), "of MTU and address")
    seen = sorted(f"{entry['local']}/{entry['prefixlen']}" for entry in device["addr_info"] if entry["scope"] == "global")
    equal(seen, ["192.0.2.7/24", "2001:db8::7/64"], "of the global addresses")


@rule("the runtime checks that each device can be moved", "a name that is already used is an error, unless it contains `%d`")
def devices_that_can_not_be_moved_are_errors(case):
    _pair(case, "rules0", "rules1", "rules2")
    good = _config(case, {"rules0": {}})
    case.refuses(good, {"a device that doesn't exist": _config(case, {"rules-none": {}}),
                        "a name that is used, lo": _config(case, {"rules1": {"name": "lo"}}),
                        "a name twice": _config(case, {"rules1": {"name": "same"}, "rules2": {"name": "same"}})})
    for name in ("rules1", "rules2"):
        expect(_link(case, name), f"{name} on the host after the error", "none")
    pid = case.start(_config(case, {"rules1": {"name": "net%d"}, "rules2": {"name": "net%d"}})).pid
    names = [name for name in ("net0", "net1") if _link(case, name, pid)]
    equal(names, ["net0", "net1"], "of the names from the template net%d")


@rule("the runtime manages the devices in the container", "the runtime moves the devices back")
def devices_stay_in_their_namespace(case):
    _pair(case, "rules0")
    helper = in_namespaces(case, "--net")
    config = _config(case, {"rules0": {}})
    place = next(number for number, entry in enumerate(config["linux"]["namespaces"]) if entry["type"] == "network")
    config = changed(config, ["linux", "namespaces", place, "path"], f"/proc/{helper}/ns/net")
    container = case.start(config)
    expect(_link(case, "rules0", helper), "the device in the namespace that the container joins", "none")
    # What somebody else changes stays as it is.
    case.host_command("nsenter", f"--net=/proc/{helper}/ns/net", "ip", "link", "set", "rules0", "mtu", "1300", "down")
    container.kill("KILL")
    container.wait()
    case.delete_stopped(container)
    if _link(case, "rules0"):
        raise Failure("that the device stays in the namespace after `delete`", "that it is back on the host")
    device = _link(case, "rules0", helper)
    expect(device, "the device in the namespace after `delete`", "none")
    equal((device["mtu"], "UP" in device["flags"]), (1300, False), "of MTU and state, as they were set meanwhile")
