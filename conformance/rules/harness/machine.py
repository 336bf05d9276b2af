"""A private machine: mount, network and pid namespaces that isolate the runtimes from the host.

A program calls `run_inside`, which starts the same program again in the namespaces. There the program calls `first_process`,
which does the program's work in a child. When the program ends for any reason, the kernel kills all processes of the pid
namespace.
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback

from . import cgroups
from .session import read, session

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


class SetUpError(Exception):
    """The checks can't run at all."""


def find_runtime(runtime):
    path = os.path.abspath(runtime) if "/" in runtime else shutil.which(runtime, path=SYSTEM_PATH)
    if not path or not os.access(path, os.X_OK) or os.path.isdir(path):
        raise SetUpError(f"{runtime} isn't a program")
    return path


def run_inside(options):
    """Runs this program again, in the namespaces and with a new folder. Returns its exit status, or 2 if it takes too long."""
    if os.geteuid() != 0:
        raise SetUpError("containers are made as root")
    if not shutil.which("busybox", path=SYSTEM_PATH):
        raise SetUpError("busybox is missing (Debian package busybox-static)")
    session.enter(os.path.join(tempfile.gettempdir(), "rules-" + os.urandom(4).hex()), options.patience)
    os.mkdir(session.folder)
    os.chmod(session.folder, 0o755)      # the root of a user namespace needs access to its bundle
    # --kill-child: when unshare ends, so does the pid namespace. The `finally` clause below kills unshare.
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
               "--", sys.executable, *sys.argv, "--inside", session.folder]
    inside = subprocess.Popen(command, env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}, stdin=subprocess.DEVNULL,
                              start_new_session=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return inside.wait(options.timeout * options.patience)
    except subprocess.TimeoutExpired:
        print(f"run: the whole run takes longer than {options.timeout} s", file=sys.stderr)
        return 2
    finally:
        if inside.poll() is None:
            inside.kill()
            inside.wait()
        time.sleep(0.3)                  # the kernel removes the namespace after unshare has ended
        cgroups.remove_ours()
        shutil.rmtree(session.folder, ignore_errors=True)


def first_process(work):
    """Calls work() in a child and returns its exit status. Stays the namespace's first process meanwhile, to reap orphans."""
    if os.getpid() != 1:
        raise SetUpError("--inside is for the program itself")
    # Some runtimes mistake a pid of the container's namespace, such as 2, for one of ours, and kill it.
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write("1000")
    child = os.fork()
    if child == 0:
        status = 2
        try:
            status = work()
        except BaseException:            # the child must end here after any error
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)
    while True:
        pid, status = os.wait()
        if pid == child:
            if os.WIFEXITED(status):
                return os.WEXITSTATUS(status)
            print(f"run: ended by signal {os.WTERMSIG(status)}", file=sys.stderr)
            return 2


def furnish(unified):
    """Prepares the private machine: the folder, /run, where runtimes keep their state, the loopback device, and the files
    that bundles are made of. With `unified`, cgroup v2 takes the place of v1."""
    _mount_tmpfs(session.folder, "mode=755,size=512m")
    _mount_tmpfs("/run", "mode=755,size=64m")
    if unified:
        _hide_legacy_cgroups()
    else:
        _hide_unified_cgroups()
    subprocess.run(["busybox", "ip", "link", "set", "lo", "up"], check=True)
    os.chdir(session.folder)
    shutil.copy(shutil.which("busybox", path=SYSTEM_PATH), session.path("busybox"))
    os.chmod(session.path("busybox"), 0o755)
    # The runtimes' standard input. Some change the owner of this node: it must not be the machine's own.
    os.mknod(session.path("null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))


def _hide_unified_cgroups():
    """Covers cgroup v2 beside v1, in this mount namespace, if it has controllers: some runtimes refuse such a host.

    It isn't unmounted: a runtime would create folders in the machine's own file system below.
    """
    folder = cgroups.TOP + "/unified"
    if os.path.exists(folder + "/cgroup.controllers") and read(folder + "/cgroup.controllers").strip():
        _mount_tmpfs(folder, "mode=755,size=64m")


def _hide_legacy_cgroups():
    """Mounts cgroup v2 in the place of v1, in this mount namespace. It has the controllers that v1 doesn't use."""
    if cgroups.is_unified():
        return
    if not os.path.exists(cgroups.TOP + "/unified/cgroup.procs"):
        raise SetUpError("this host has no cgroup v2 beside v1")
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", cgroups.TOP], check=True)


def _mount_tmpfs(folder, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
