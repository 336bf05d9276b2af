"""Processes of the host that a check needs: for their namespaces, or as members of a cgroup."""

import os
import subprocess

from .commands import until
from .verdicts import Skip


def in_namespaces(case, *options):
    """Starts a process in new namespaces and returns its pid. The options are those of unshare(1).

    The process ends with the check. With --pid, its namespace is that of /proc/PID/ns/pid_for_children, and its child there
    is the first process.
    """
    fork = ["--fork"] if "--pid" in options else []
    process = subprocess.Popen(["unshare", *fork, "--kill-child", *options, "sleep", "1000"] if fork else
                               ["unshare", *options, "sleep", "1000"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end():
        process.kill()
        process.wait()

    case.at_end.append(end)
    until(lambda: process.poll() is not None or _is_apart(process.pid, fork), "new namespaces")
    if process.poll() is not None:
        raise Skip(f"`unshare {' '.join(options)}` fails here")
    return process.pid


def _is_apart(pid, fork):
    # When the program runs, unshare is done; with --fork, when the child has been born.
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    with open(f"/proc/{pid}/comm") as file:
        return bool(children) if fork else file.read().strip() == "sleep"


def sleeper(case):
    """Starts a process that does nothing, and returns it."""
    process = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)

    def end():
        process.kill()
        process.wait()

    case.at_end.append(end)
    return process


def namespace(pid, name):
    return os.readlink(f"/proc/{pid}/ns/{name}")
