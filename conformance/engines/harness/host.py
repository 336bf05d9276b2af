"""What this machine supports: some checks aren't possible on every machine."""

import contextlib
import functools
import glob
import os
import re
import shutil

from .commands import SYSTEM_PATH, Failure, Skip, execute
from .session import read, session

CAP_SYS_RESOURCE = 24


def bounding_set():
    return int(re.search(r"CapBnd:\s+(\w+)", read("/proc/self/status")).group(1), 16)


def has_all_capabilities():
    return bounding_set() == (1 << int(read("/proc/sys/kernel/cap_last_cap")) + 1) - 1


def has_sys_resource():
    return bool(bounding_set() >> CAP_SYS_RESOURCE & 1)


def has_unified_cgroups():
    return os.path.exists("/sys/fs/cgroup/cgroup.controllers")


@functools.lru_cache(None)
def criu_works():
    return bool(shutil.which("criu", path=SYSTEM_PATH)) and execute(["criu", "check"], status=None).status == 0


@functools.lru_cache(None)
def disk():
    """Returns the whole disk (not the partition) that our folder is on, as ("/dev/NAME", "MAJOR:MINOR")."""
    device = os.stat(session.folder).st_dev
    path = os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if os.path.exists(path + "/partition"):
        path = os.path.dirname(path)
    node = "/dev/" + os.path.basename(path)
    if not os.path.exists(node) or not os.path.exists(path + "/dev"):
        raise Skip(f"there is no disk below {session.folder} whose input and output could be limited")
    return node, read(path + "/dev").strip()


@contextlib.contextmanager
def lack_of_capabilities_skips():
    """Turns a failure whose text mentions capabilities or permissions into a skip, if root can't have all capabilities."""
    try:
        yield
    except Failure as failure:
        if has_all_capabilities() or not re.search(r"cap(s|abilit)|not permitted|EPERM", str(failure), re.I):
            raise
        raise Skip(f"root lacks capabilities here (bounding set {bounding_set():x}): {str(failure)[-160:]}") from None


def hierarchies_elsewhere():
    """Returns the cgroup v1 hierarchies that exist on the machine but aren't mounted in this mount namespace."""
    here = set()
    for line in read("/proc/self/mountinfo").splitlines():
        kind, _, options = line.split(" - ")[1].split(maxsplit=2)
        if kind == "cgroup":
            here |= set(options.split(","))
    all_there_are = [line.split(":")[1] for line in read("/proc/self/cgroup").splitlines()]
    return [names for names in all_there_are if names and not here.issuperset(names.split(","))]


@contextlib.contextmanager
def lack_of_metrics_skips():
    """Turns a failure into a skip, if a cgroup v1 hierarchy is mounted elsewhere on the machine.

    /proc/PID/cgroup then names a hierarchy that containerd's shim doesn't find among its mounts, so the shim has no metrics and
    sees no OOM kills.
    """
    try:
        yield
    except Failure as failure:
        elsewhere = hierarchies_elsewhere()
        if not elsewhere:
            raise
        raise Skip(f"cgroup hierarchies are mounted elsewhere on the machine: {' '.join(elsewhere)} "
                   f"({str(failure)[:120]})") from None


@contextlib.contextmanager
def parent_of_macvlan(name):
    """Makes a device that networks of the kind macvlan can be on."""
    made = execute(["ip", "link", "add", name, "type", "dummy"], status=None)
    probe = made if made.status else execute(
        ["ip", "link", "add", "link", name, "name", "probe0", "type", "macvlan"], status=None)
    try:
        if probe.status:
            raise Skip(f"the kernel has no macvlan, or no device for it: {probe.errors.strip()}")
        execute(["ip", "link", "delete", "probe0"])
        execute(["ip", "link", "set", name, "up"])
        yield
    finally:
        execute(["ip", "link", "delete", name], status=None)


def cgroup_files(*pairs, has_namespace=True):
    """Returns a shell script that prints, in a container, one cgroup file for each pair (name in cgroup v1, name in v2).

    Without a cgroup namespace, a container sees the host's whole tree of cgroup v2, its own cgroup somewhere in it.
    """
    own = "" if has_namespace else "$(sed -n s/^0:://p /proc/self/cgroup)/"
    return "; ".join(f"if [ -e /sys/fs/cgroup/cgroup.controllers ]; then cat /sys/fs/cgroup/{own}{unified}; "
                     f"else cat /sys/fs/cgroup/{separate}; fi" for separate, unified in pairs)


MEMORY_LIMIT = ("memory/memory.limit_in_bytes", "memory.max")
CPU_QUOTA = ("cpu/cpu.cfs_quota_us", "cpu.max")
PIDS_LIMIT = ("pids/pids.max", "pids.max")


def namespace(kind, pid="self"):
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def is_alive(pid):
    try:
        return read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def parent_of(pid):
    return int(read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[1])


def processes(selects):
    """Returns the processes of this pid namespace for which selects(arguments) is true, as {pid: arguments}."""
    found = {}
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            arguments = read(folder + "/cmdline").split("\0")[:-1]
        except OSError:
            continue
        if selects(arguments):
            found[int(folder[len("/proc/"):])] = arguments
    return found
