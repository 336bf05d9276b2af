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


@rule("an entry has a type", "`path` is absolute", "a path that isn't a namespace of the type is an error",
      "a type that is listed twice is an error")
def wrong_entries_are_refused(case):
    # Its mounts are its own: a runtime that takes both entries of a type enters the second one, and changes the root there.
    helper, file = in_namespaces(case, "--net", "--uts", "--mount"), case.folder + "/file"
    write(file, "")
    good = case.config()
    good["linux"]["namespaces"] = [{"type": "mount"}, {"type": "pid"},
                                   {"type": "network", "path": f"/proc/{helper}/ns/net"}]
    last = ["linux", "namespaces", 2]
    case.refuses(good, {
        "an entry without type": changed(good, last, {}),
        "a relative path": changed(good, [*last, "path"], "../" * 20 + f"proc/{helper}/ns/net"),
        "the path of another type": changed(good, [*last, "path"], f"/proc/{helper}/ns/uts"),
        "the path of an ordinary file": changed(good, [*last, "path"], file),
        "a path that doesn't exist": changed(good, [*last, "path"], case.folder + "/missing"),
        "a type twice": changed(good, last, {"type": "pid"}),
        "a type twice, with a path": changed(good, last, {"type": "mount", "path": f"/proc/{helper}/ns/mnt"}),
    })


@rule("a mapping has `containerID`, `hostID`, `size`")
def mappings_are_complete(case):
    if not os.path.exists("/proc/self/ns/user"):
        raise Skip("the kernel has no user namespaces")
    good = with_user_namespace(case.config())
    case.refuses(good, {f"{kind} without {name}": without(good, ["linux", kind, 0, name])
                        for kind in ("uidMappings", "gidMappings") for name in ("containerID", "hostID", "size")})
