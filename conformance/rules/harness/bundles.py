"""Bundles: a root file system made of busybox, and a config.json."""

import copy
import json
import os

from .session import session, write

APPLETS = """[ awk cat chmod chown chrt cmp cut date dd df echo env expr false find free grep head hostname id ifconfig
ionice ip kill ln ls md5sum mkdir mkfifo mknod mktemp mount mountpoint mv nice nproc od printf ps pwd readlink
renice rm rmdir sed sh sleep sort stat stty sync tail taskset test touch tr true tty umount uname unshare usleep
wc which""".split()
FOLDERS = ("bin", "dev", "etc", "proc", "sys", "tmp", "mnt", "root", "var")
CAPABILITIES = ["CAP_" + name for name in """AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW
SETFCAP SETGID SETPCAP SETUID SYS_CHROOT""".split()]
PROC = {"destination": "/proc", "type": "proc", "source": "proc"}
DEV = {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=1m"]}
DEVPTS = {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
          "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]}
SLEEP = "exec sleep 1000"
# The first id on the host of the containers that have a user namespace.
MAPPED = 100000


def make_root(folder, owner=0):
    """Makes a root file system. Its programs are links to one file: a bundle takes next to no memory."""
    os.makedirs(folder)
    for name in FOLDERS:
        os.mkdir(os.path.join(folder, name))
        os.chown(os.path.join(folder, name), owner, owner)
    os.chmod(os.path.join(folder, "tmp"), 0o1777)
    os.chown(folder, owner, owner)
    for name in APPLETS:
        os.link(session.path("busybox"), os.path.join(folder, "bin", name))


def default_config(script, cgroup):
    """Returns a config that each runtime accepts, whose program is a shell that runs the script."""
    sets = ("bounding", "effective", "permitted")
    return copy.deepcopy({
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0}, "cwd": "/", "args": ["/bin/sh", "-c", script], "env": ["PATH=/bin"],
            "capabilities": {name: CAPABILITIES for name in sets},
        },
        "root": {"path": "rootfs"},
        "mounts": [PROC, DEV, DEVPTS],
        "linux": {
            "cgroupsPath": cgroup,
            "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")],
        },
    })


def with_user_namespace(config):
    """Returns the config with a user namespace, whose ids begin at MAPPED on the host."""
    mapping = [{"containerID": 0, "hostID": MAPPED, "size": 65536}]
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"].update(uidMappings=mapping, gidMappings=mapping)
    return config


def changed(config, path, value):
    """Returns a copy of the config in which the property at the path has this value. The path is keys and indexes."""
    config = copy.deepcopy(config)
    place = config
    for key in path[:-1]:
        place = place[key] if isinstance(key, int) else place.setdefault(key, {})
    place[path[-1]] = value
    return config


def without(config, path):
    """Returns a copy of the config that lacks the property at the path."""
    config = copy.deepcopy(config)
    place = config
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return config


def write_config(bundle, config):
    write(os.path.join(bundle, "config.json"), config if isinstance(config, str) else json.dumps(config))


def tmpfs_at(destination):
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs"}
