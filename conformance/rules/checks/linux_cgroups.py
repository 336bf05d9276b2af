"""config-linux.md: the cgroup's path, its processes, its owner."""

import os

from harness import cgroups
from harness.bundles import SLEEP, with_user_namespace
from harness.helpers import sleeper
from harness.rules import chapter
from harness.session import read, session, write
from harness.verdicts import Skip, equal, expect, no_problems

rule = chapter("config-linux", "Control groups")
CGROUP_MOUNT = {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev"]}


def _folders(pid):
    """Returns the folders of a process's cgroups, in the hierarchies that are mounted."""
    found = []
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        top = cgroups.TOP if cgroups.is_unified() else f"{cgroups.TOP}/{names.replace('name=', '')}"
        if os.path.exists(top + "/cgroup.procs"):
            found.append(top + path)
    return found


@rule("an absolute path is relative to the cgroup mount point")
def an_absolute_path_counts_from_the_mount_point(case):
    config, path = case.config(SLEEP), f"/{session.name}/some/where"
    config["linux"]["cgroupsPath"] = path
    pid = case.start(config).pid
    wanted = {top + path for top in cgroups.hierarchies()}
    problems = sorted(folder for folder in _folders(pid) if folder not in wanted)
    missing = [folder for folder in sorted(wanted) if not os.path.isdir(folder)]
    # A runtime may leave out hierarchies that it doesn't need.
    expect(len(missing) < len(wanted), f"a cgroup {path}", "none")
    no_problems([folder for folder in problems if session.name in folder], f"the process in {path} of each hierarchy")
    expect(any(str(pid) in read(folder + "/cgroup.procs").split() for folder in wanted - set(missing)),
           "the process in the cgroup", "that it isn't there")


@rule("the same path always leads to the same place")
def the_same_path_is_the_same_place(case):
    config, seen = case.config(SLEEP), []
    config["linux"]["cgroupsPath"] = session.name + "-relative"
    for _ in range(2):
        container = case.start(config)
        seen.append(sorted(folder for folder in _folders(container.pid) if session.name in folder))
        container.kill("KILL")
        container.wait()
        case.delete_stopped(container)
    expect(seen[0], "cgroups with the name of the path", "none")
    equal(seen[1], seen[0], "of the second container's cgroups")


@rule("paths that the runtime doesn't accept are errors")
def an_odd_path_is_an_error_or_a_cgroup(case):
    """A runtime may take each of these. Then the container has to be in a cgroup."""
    case.start(case.config())
    problems = []
    for path in (f"/{session.name}/../../../../{session.name}-up", f"../../../{session.name}-up",
                 f"{session.name}.slice:prefix:name"):
        config = case.config(SLEEP)
        config["linux"]["cgroupsPath"] = path
        result, container = case.try_create(config)
        if result.status != 0:
            problems += [f"{path} is refused, but {rest}" for rest in case.remains(container)]
            continue
        folders = _folders(container.hold())
        if not any(session.name in folder and os.path.isdir(folder) for folder in folders) or any(
                "/.." in folder for folder in folders):
            problems.append(f"{path} leads to {folders[:2]}")
    no_problems(problems, "an error, or a cgroup of that name")


@rule("a cgroup that can't be used (not empty, or frozen) is an error")
def a_cgroup_in_use_is_an_error_or_works(case):
    """A runtime needn't look at the cgroup. But an error must leave it and its processes alone."""
    path, process = f"/{session.name}/in-use", sleeper(case)
    for top in cgroups.hierarchies():
        os.makedirs(top + path, exist_ok=True)
        if "cpuset" in top:              # a cgroup without processors takes no process
            for name in ("cpuset.cpus", "cpuset.mems"):
                for folder in (f"{top}/{session.name}", top + path):
                    write(f"{folder}/{name}", read(f"{top}/{name}"))
        write(top + path + "/cgroup.procs", str(process.pid))
    config = case.config("echo runs")
    config["linux"]["cgroupsPath"] = path
    result, container = case.try_create(config)
    if result.status == 0:
        container.hold()
        container.start().wait()
        equal(container.output(), "runs\n", "of the program")
    else:
        expect(case.call("state", container.id).status != 0, "no container after the error", "that `state` knows it")
        case.start(case.config())
    expect(process.poll() is None, "that the other process in the cgroup goes on", "that it has ended")
    problems = [f"no process in {folder}" for folder in cgroups.at(path)
                if str(process.pid) not in read(folder + "/cgroup.procs").split()]
    no_problems(problems, "the other process in its cgroup")


def _owners(pid):
    """Returns {path: owner} of the files in the process's own cgroups."""
    owners = {}
    for folder in _folders(pid):
        if session.name in folder:
            owners[folder] = os.stat(folder).st_uid
            owners.update({os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_uid
                           for name in os.listdir(folder)})
    expect(owners, "cgroups of the container", "none")
    return owners


def _with_cgroups(case, *options, own=True):
    config = with_user_namespace(case.config(SLEEP))
    config["mounts"] += [{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]},
                         {**CGROUP_MOUNT, "options": [*CGROUP_MOUNT["options"], *options]}]
    if own:
        config["linux"]["namespaces"].append({"type": "cgroup"})
    return config


def _changed(owners):
    return sorted(path for path, owner in owners.items() if owner != 0)


@rule("the runtime changes the owner of a v1 cgroup")
def v1_cgroups_keep_their_owner(case):
    if cgroups.is_unified():
        raise Skip("the machine has only cgroup v2")
    no_problems(_changed(_owners(case.start(_with_cgroups(case)).pid)), "the host's root as the owner of each file")


@rule("the runtime changes the owner of a cgroup without a new cgroup namespace")
def without_a_cgroup_namespace_the_owner_stays(case):
    owners = _owners(case.start(_with_cgroups(case, own=False)).pid)
    no_problems(_changed(owners), "the host's root as the owner of each file")


def _need_v2():
    if not cgroups.is_unified():
        raise Skip("limits are those of cgroup v1 here")


@rule("the runtime changes the owner if cgroups are mounted writable, and only then",
      "only the cgroup's directory and the files that the kernel lists change their owner",
      "a listed file that doesn't exist is an error", "other files change their owner")
def owner_of_a_writable_v2_cgroup(case):
    _need_v2()
    pid = case.start(_with_cgroups(case)).pid
    listed = read("/sys/kernel/cgroup/delegate").split()
    folder = next(folder for folder in _folders(pid) if session.name in folder)
    wanted = sorted([folder, *(f"{folder}/{name}" for name in listed if os.path.exists(f"{folder}/{name}"))])
    equal(_changed(_owners(pid)), wanted, "of the files that belong to the container's user")
    no_problems(_changed(_owners(case.start(_with_cgroups(case, "ro")).pid)), "with a read-only mount, no other owner")


@rule("the runtime changes the owner also without a new user namespace")
def owner_of_a_writable_v2_cgroup_without_a_user_namespace(case):
    _need_v2()
    config = case.config(SLEEP, user={"uid": 1234, "gid": 1234})
    config["mounts"] += _with_cgroups(case)["mounts"][-2:]
    config["linux"]["namespaces"].append({"type": "cgroup"})
    pid = case.start(config).pid
    folder = next(folder for folder in _folders(pid) if session.name in folder)
    equal(os.stat(folder).st_uid, 1234, "of the owner of the cgroup")
