"""The run's cgroups: where they are, what their files say, and how they are removed.

Kills only processes in the run's own cgroups; mounts and unmounts nothing.
"""

import os
import signal
import time

from .session import read, session
from .verdicts import Skip

TOP = "/sys/fs/cgroup"


def is_unified():
    """Returns whether the host has only cgroup v2. On a hybrid host the limits are those of v1."""
    return os.path.exists(TOP + "/cgroup.controllers")


def version():
    if is_unified():
        return "v2"
    return "v1 and v2 (hybrid)" if os.path.exists(TOP + "/unified/cgroup.procs") else "v1"


def hierarchies():
    """Returns the top folder of each hierarchy."""
    if is_unified():
        return [TOP]
    folders = [os.path.join(TOP, name) for name in sorted(os.listdir(TOP))]
    return [folder for folder in folders if os.path.exists(folder + "/cgroup.procs")]


def at(path):
    """Returns the folders, one for each hierarchy, of a path below the cgroup mount points."""
    return [folder for folder in (top + path for top in hierarchies()) if os.path.isdir(folder)]


def folder_of(pid, controller):
    """Returns the cgroup of a process in the hierarchy that has this controller."""
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        if is_unified() and not names:
            return TOP + path
        if controller in names.split(","):
            return f"{TOP}/{names.replace('name=', '')}{path}"
    raise Skip(f"the kernel has no cgroup controller {controller}")


def has(controller):
    if is_unified():
        return controller in read(TOP + "/cgroup.controllers").split()
    return os.path.isdir(f"{TOP}/{controller}")


def need(controller):
    """Skips the check if the machine hasn't this controller."""
    if not has(controller):
        raise Skip(f"the kernel has no cgroup controller {controller}")


def limit_of_processes(number):
    """Returns `linux.resources` with a limit that each machine with a suitable controller has; it's empty on others."""
    return {"pids": {"limit": number}} if has("pids") else {}


def ours():
    """Returns the run's cgroups. A runtime may put them below its own cgroup, so they are looked for everywhere."""
    return [os.path.join(folder, name) for top in hierarchies() for folder, names, _ in os.walk(top) for name in names
            if session.name in name]


def remove_ours():
    """Kills the processes in the run's cgroups, and removes these cgroups."""
    for _ in range(20):
        tops = ours()
        if not tops:
            return
        for top in tops:
            for folder, _, _ in os.walk(top, topdown=False):
                _remove(folder)
        time.sleep(0.05)


def _remove(folder):
    try:
        os.rmdir(folder)
        return
    except FileNotFoundError:
        return
    except OSError:
        pass
    for name, text in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):     # a frozen process doesn't end
        try:
            with open(os.path.join(folder, name), "r+") as file:
                file.write(text)
        except OSError:
            pass
    try:
        members = read(folder + "/cgroup.procs").split()
    except OSError:
        return
    for member in members:
        if member not in ("0", str(os.getpid())):   # 0: a process of another pid namespace; kill(0) would reach us
            try:
                os.kill(int(member), signal.SIGKILL)
            except ProcessLookupError:
                pass
