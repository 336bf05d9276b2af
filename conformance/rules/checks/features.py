"""features.md: what the answer of `features` says, and whether it's true."""

import json
import os
import re

from harness.bundles import SLEEP, changed, with_user_namespace
from harness.helpers import namespace
from harness.rules import chapter
from harness.verdicts import Failure, Skip, equal, expect, no_problems

from .hooks import Hooked
from .linux_namespaces import FILES
from .mounting import bind, problems_of_options, tmpfs

rule = chapter("features")
# The properties of the specification, each with the first version that has it. None: any content.
PROPERTIES = {
    "ociVersionMin": "1.1", "ociVersionMax": "1.1", "hooks": "1.1", "mountOptions": "1.1", "annotations": "1.1",
    "potentiallyUnsafeConfigAnnotations": "1.2", "linux": "1.1", "linux.namespaces": "1.1", "linux.capabilities": "1.1",
    **{f"linux.cgroup{rest}": "1.1" for rest in ("", ".v1", ".v2", ".systemd", ".systemdUser", ".rdma")},
    **{f"linux.seccomp{rest}": "1.1" for rest in ("", ".enabled", ".actions", ".operators", ".archs", ".knownFlags",
                                                  ".supportedFlags")},
    **{f"linux.{name}{rest}": "1.1" for name in ("apparmor", "selinux", "intelRdt") for rest in ("", ".enabled")},
    **{f"linux.mountExtensions{rest}": "1.2" for rest in ("", ".idmap", ".idmap.enabled")},
    **{f"linux.netDevices{rest}": "1.3" for rest in ("", ".enabled")},
    **{f"linux.memoryPolicy{rest}": "1.3" for rest in ("", ".modes", ".flags")},
    "linux.intelRdt.schemata": "1.3", "linux.intelRdt.monitoring": "1.3",
}
OF_FILE_SYSTEMS = {"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "huge", "mpol", "newinstance", "ptmxmode", "subset",
                   "hidepid", "lowerdir", "upperdir", "workdir", "data", "errors", "context", "fscontext", "defcontext"}


def answer(case, prefix=()):
    """Returns the runtime's answer. The specification lets a runtime do without one."""
    result = case.call("features", prefix=prefix)
    if result.status != 0:
        raise Skip("the runtime has no command `features`, which is optional")
    try:
        features = json.loads(result.output)
    except ValueError:
        raise Failure("JSON", result) from None
    expect(isinstance(features, dict) and features.get("ociVersionMin"), "an object with ociVersionMin", result.output[:100])
    return features


def _of_linux(case, *keys):
    place = answer(case).get("linux") or {}
    for key in keys:
        place = place.get(key) or {}
    return place


def _version(text):
    return tuple(map(int, re.match(r"(\d+)\.(\d+)\.(\d+)", text or "").groups()))


def _runs(case, config, what):
    """Returns a list with a problem, if a container with this config doesn't run."""
    config["process"]["args"] = ["/bin/echo", "runs"]
    try:
        output = case.output(config)
    except Failure as failure:
        return [f"{what}: {failure.seen}"]
    return [] if output == "runs\n" else [f"{what}: output {output!r}"]


@rule("the answer is fixed when the program is built")
def the_answer_is_fixed(case):
    plain = answer(case)
    elsewhere = answer(case, ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /sys; exec "$@"', "sh"])
    equal(elsewhere, plain, "without /sys, of the answer")
    equal(answer(case, ["setpriv", "--bounding-set", "-all", "--reuid", "65534", "--clear-groups"]), plain,
          "for a user without rights, of the answer")


@rule("null is mistaken for an empty value")
def nothing_is_null(case):
    features = answer(case)
    no_problems([name for name, value in _walk(features) if value is None], "that a value is left out rather than null")


@rule("`ociVersionMin` is set, and the runtime accepts a config of that version",
      "`ociVersionMax` is set, and the runtime accepts a config of that version")
def versions_are_accepted(case):
    features, problems = answer(case), []
    for name in ("ociVersionMin", "ociVersionMax"):
        expect(features.get(name), f"{name} in the answer", "none")
        problems += _runs(case, changed(case.config(), ["ociVersion"], features[name]), features[name])
    no_problems(problems, "a container with each version")


@rule("the highest version is below the lowest")
def versions_are_in_order(case):
    features = answer(case)
    low, high = _version(features.get("ociVersionMin")), _version(features.get("ociVersionMax"))
    expect(low <= high, "ociVersionMin up to ociVersionMax", f"{low}, {high}")


def _walk(value, name=""):
    if isinstance(value, dict):
        for key, more in value.items():
            yield from _walk(more, f"{name}.{key}".lstrip("."))
    yield name, value


@rule("the answer has a property that the highest version doesn't define")
def properties_are_those_of_the_version(case):
    features = answer(case)
    highest = _version(features.get("ociVersionMax"))[:2]
    names = [name for name, _ in _walk(features) if name and not name.startswith("annotations.")]
    # Versions up to 1.0 have no answer at all: what they define is what 1.1 does.
    no_problems([name for name in names
                 if name not in PROPERTIES or tuple(map(int, PROPERTIES[name].split("."))) > max(highest, (1, 1))],
                f"only properties of version {highest[0]}.{highest[1]}")


@rule("the runtime calls the named hooks")
def named_hooks_are_called(case):
    names = answer(case).get("hooks")
    expect(names, "names of hooks", names)
    config = case.config("until grep -q poststart /log; do usleep 10000; done" if "poststart" in names else "true")
    seen = Hooked(case, config, {name: [f"echo {name} >> $LOG"] for name in names}).whole_life().split()
    equal(sorted(seen), sorted(names), "of the hooks that are called")


@rule("the runtime accepts the named mount options")
def named_mount_options_are_accepted(case):
    names = answer(case).get("mountOptions")
    expect(names, "names of options", names)
    folder = case.folder + "/folder"
    os.mkdir(folder)
    of_binds = {name for name in names if name in ("bind", "rbind") or re.match("r?(private|shared|slave|unbind)", name)}
    mapped = {name for name in names if name in ("idmap", "ridmap")}
    recursive = {name for name in names if re.match("r(ro|rw|no|suid|dev|exec|atime|diratime|relatime|strict|sym)", name)}
    mapping = {f"{kind}Mappings": [{"containerID": 0, "hostID": 5000, "size": 100}] for kind in ("uid", "gid")}

    def entry(point, name):
        if name in mapped:
            return {**bind(point, folder, "rbind", name), **mapping}
        if name not in of_binds | recursive:
            return tmpfs(point, name)
        return bind(point, folder, *dict.fromkeys(("rbind", name)))

    plain = [name for name in names if name != "remount"]
    no_problems(problems_of_options(case, {name: True for name in plain}, entry, lambda mounts, point: point in mounts),
                "a mount with each option")


@rule("the answer names options of single file systems")
def options_are_of_no_single_file_system(case):
    names = answer(case).get("mountOptions")
    expect(names, "names of options", names)
    no_problems(sorted(name for name in names if name.split("=")[0] in OF_FILE_SYSTEMS), "no option of a single file system")


@rule("annotations map strings to strings")
def annotations_are_texts(case):
    features = answer(case)
    annotations = features.get("annotations", {})
    expect(isinstance(annotations, dict) and all(isinstance(value, str) for value in annotations.values()) and
           "" not in annotations, "an object of strings", annotations)


@rule("the runtime accepts the named namespaces")
def named_namespaces_are_accepted(case):
    names = _of_linux(case, "namespaces")
    expect(names, "names of namespaces", names)
    problems = []
    for name in names:
        config = case.config(SLEEP)
        config["linux"]["namespaces"] = [{"type": type} for type in dict.fromkeys(("mount", "pid", name)) if type != "user"]
        try:
            pid = case.start(with_user_namespace(config) if name == "user" else config).pid
        except Failure as failure:
            problems.append(f"{name}: {failure.seen}")
            continue
        problems += [] if namespace(pid, FILES[name]) != namespace("self", FILES[name]) else [f"{name}: it's the host's"]
    no_problems(problems, "a container with a new namespace of each type")


@rule("the runtime accepts the named capabilities")
def named_capabilities_are_accepted(case):
    names = _of_linux(case, "capabilities")
    expect(names, "names of capabilities", names)
    config = case.config("sed -n 's/CapBnd:.//p' /proc/self/status")
    config["process"]["capabilities"] = {"bounding": names}
    with open("/proc/self/status") as file:
        ours = int(re.search(r"CapBnd:\s+(\w+)", file.read()).group(1), 16)
    equal(int(case.output(config).strip() or "0", 16), ours, "of the bounding set, all that there are")


@rule("the runtime accepts the named memory policies and flags")
def named_memory_policies_are_accepted(case):
    modes, flags = _of_linux(case, "memoryPolicy", "modes"), _of_linux(case, "memoryPolicy", "flags")
    if not modes and not flags:
        raise Skip("the runtime's answer names no memory policies, which is optional")

    def make(mode, *flags):
        policy = {"mode": mode, "flags": list(flags)}
        if mode not in ("MPOL_DEFAULT", "MPOL_LOCAL"):
            policy["nodes"] = "0"
        return changed(changed(case.config(), ["ociVersion"], "1.3.0"), ["linux", "memoryPolicy"], policy)

    problems = [problem for mode in modes for problem in _runs(case, make(mode), mode)]
    problems += [problem for flag in flags for problem in _runs(case, make("MPOL_BIND", flag), flag)]
    no_problems(problems, "a container with each policy and flag")


@rule("`mountExtensions.idmap.enabled` is true if the runtime supports id mappings of mounts")
def idmap_is_enabled_if_it_works(case):
    says = bool(_of_linux(case, "mountExtensions", "idmap").get("enabled"))
    folder = case.folder + "/folder"
    os.mkdir(folder)
    config = case.config("stat -c %u /mnt")
    config["mounts"].append({**bind("/mnt", folder, "bind", "idmap"), **{
        f"{kind}Mappings": [{"containerID": 0, "hostID": 5000, "size": 100}] for kind in ("uid", "gid")}})
    try:
        works = case.output(config) == "5000\n"
    except Failure:
        works = False
    equal(says, works, "of mountExtensions.idmap.enabled")
