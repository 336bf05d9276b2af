"""Removes the cgroups that a run leaves behind. Kills only processes in the run's own cgroups; mounts and unmounts nothing."""

import glob
import os
import signal
import time

from . import disposable
from .session import read, session

# Engines are configured to use cgroups below /NAME, but an engine may put /NAME below the daemon's own cgroup.
DEPTHS = ("", "*/", "*/*/", "*/*/*/")


def _find(name):
    return [path for depth in DEPTHS for path in glob.glob(f"/sys/fs/cgroup/{depth}{name}")]


def at_the_top():
    """Returns the cgroups that engines make at the top: for buildah's containers, and podman's default parent for pods."""
    return set(_find("buildah-buildah*") + _find("libpod_parent"))


def remove_ours(at_the_top_before):
    """Kills the processes in the run's cgroups, removes these cgroups, and removes new empty cgroups at the top."""
    for top in _find(session.name):
        for _ in range(20):
            _remove(top, _kill_members)
            if not os.path.isdir(top):
                break
            time.sleep(0.1)
    for folder in at_the_top() - at_the_top_before:
        _remove(folder, lambda _: None)


def _remove(top, make_empty):
    for folder, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            make_empty(folder)


def _kill_members(folder):
    try:
        members = read(folder + "/cgroup.procs").split()
    except OSError:
        return
    for member in members:
        if member != "0":        # a process of another pid namespace; kill(0) would reach us
            try:
                os.kill(int(member), signal.SIGKILL)
            except ProcessLookupError:
                pass


def of_containers(prefix, scope_prefix):
    """Returns the cgroups of containers that are there: directly below ours, PREFIX and an id; as units, anywhere."""
    if session.whole_machine:
        return disposable.scopes(scope_prefix) + disposable.units(scope_prefix)
    pattern = prefix + "[0-9a-f]" * 12 + "*"
    return [path for top in _find(session.name) for path in glob.glob(f"{top}/{pattern}") if os.path.isdir(path)]
