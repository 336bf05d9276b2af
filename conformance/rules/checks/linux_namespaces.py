"""config-linux.md: file systems, namespaces."""

import os

from harness.bundles import PROC, SLEEP, changed, with_user_namespace, without
from harness.helpers import in_namespaces, namespace
from harness.rules import chapter
from harness.session import write
from harness.verdicts import Failure, Skip, equal, no_problems

rule = chapter("config-linux", "File systems, namespaces, mappings")
# The name of each type in /proc/PID/ns.
FILES = {"mount": "mnt", "network": "net", "uts": "uts", "ipc": "ipc", "pid": "pid", "cgroup": "cgroup", "user": "user",
         "time": "time"}


@rule("`/proc`, `/sys`, `/dev/pts` and `/dev/shm` exist")
def the_usual_file_systems_are_there(case):
    config = case.config("cat /proc/self/mountinfo")
    config["mounts"] = [PROC]            # runc needs it itself
    points = {line.split()[4] for line in case.output(config).splitlines()}
    missing = sorted({"/proc", "/sys", "/dev/pts", "/dev/shm"} - points)
    no_problems(missing, "mounts at /proc, /sys, /dev/pts and /dev/shm with an entry only for /proc")


def _with(case, *types):
    config = case.config(SLEEP)
    config["linux"]["namespaces"] = [{"type": type} for type in types]
    return with_user_namespace(without(config, ["linux", "namespaces", types.index("user")])) if "user" in types else config


@rule("the eight types of namespaces are supported")
def each_type_is_supported(case):
    problems = []
    for type, name in FILES.items():
        if not os.path.exists(f"/proc/self/ns/{name}"):
            continue
        try:
            # A new proc file system needs a pid namespace that belongs to the user namespace.
            pid = case.start(_with(case, *dict.fromkeys(("mount", "pid", type)))).pid
        except Failure as failure:
            problems.append(f"{type}: {failure.seen}")
            continue
        if namespace(pid, name) == namespace("self", name):
            problems.append(f"{type}: the namespace is the host's")
    no_problems(problems, "a container with a new namespace of each type")


@rule("without a path, the runtime creates a new namespace", "without an entry, the container uses the runtime's namespace")
def namespaces_are_new_or_the_runtimes(case):
    problems = []
    for types in (("mount", "pid", "network"), ("mount", "uts", "ipc", "pid"), ("mount", "ipc", "network", "uts")):
        pid = case.start(_with(case, *types)).pid
        for type in ("mount", "network", "uts", "ipc", "pid", "user"):
            is_new = namespace(pid, FILES[type]) != namespace("self", FILES[type])
            if is_new != (type in types):
                problems.append(f"with {', '.join(types)}: {type} is {'new' if is_new else 'the runtime`s'}")
    no_problems(problems, "new namespaces of the listed types, and only of those")


@rule("the process runs in the namespace at the path")
def namespaces_are_joined(case):
    helper = in_namespaces(case, "--net", "--uts", "--ipc", "--cgroup", "--pid")
    config, wanted = case.config(SLEEP), {}
    config["linux"]["namespaces"] = [{"type": "mount"}]
    for type in ("network", "uts", "ipc", "cgroup", "pid"):
        path = f"/proc/{helper}/ns/{FILES[type]}{'_for_children' if type == 'pid' else ''}"
        config["linux"]["namespaces"].append({"type": type, "path": path})
        wanted[type] = os.readlink(path)
    pid = case.start(config).pid
    equal({type: namespace(pid, FILES[type]) for type in wanted}, wanted, "of the namespaces, those at the paths")


LAST = ["linux", "namespaces", 2]


def _joining(case):
    """Returns a config whose last entry joins a network namespace, and the pid of the process that has it.

    The process's mounts are its own: a runtime that takes two entries of a type may enter that namespace, and change the root
    there.
    """
    helper, config = in_namespaces(case, "--net", "--uts", "--mount"), case.config()
    config["linux"]["namespaces"] = [{"type": "mount"}, {"type": "pid"}, {"type": "network", "path": f"/proc/{helper}/ns/net"}]
    return config, helper


@rule("an entry has a type")
def an_entry_has_a_type(case):
    good, _ = _joining(case)
    case.refuses(good, {"an entry without type": changed(good, LAST, {}), "an empty type": changed(good, LAST, {"type": ""})})


@rule("`path` is absolute")
def a_path_of_a_namespace_is_absolute(case):
    good, helper = _joining(case)
    case.refuses(good, {"a relative path": changed(good, [*LAST, "path"], "../" * 20 + f"proc/{helper}/ns/net")})


@rule("a path that isn't a namespace of the type is an error")
def a_path_is_a_namespace_of_the_type(case):
    good, helper = _joining(case)
    write(case.folder + "/file", "")
    bad = {"another type": f"/proc/{helper}/ns/uts", "an ordinary file": case.folder + "/file",
           "no file": case.folder + "/missing"}
    case.refuses(good, {f"the path of {what}": changed(good, [*LAST, "path"], path) for what, path in bad.items()})


@rule("a type that is listed twice is an error")
def a_type_twice_is_an_error(case):
    good, helper = _joining(case)
    case.refuses(good, {"a type twice": changed(good, LAST, {"type": "pid"}),
                        "a type twice, once with a path": changed(good, LAST, {"type": "mount",
                                                                              "path": f"/proc/{helper}/ns/mnt"})})


@rule("a mapping has `containerID`, `hostID`, `size`")
def mappings_are_complete(case):
    if not os.path.exists("/proc/self/ns/user"):
        raise Skip("the kernel has no user namespaces")
    good = with_user_namespace(case.config())
    case.refuses(good, {f"{kind} without {name}": without(good, ["linux", kind, 0, name])
                        for kind in ("uidMappings", "gidMappings") for name in ("containerID", "hostID", "size")})
