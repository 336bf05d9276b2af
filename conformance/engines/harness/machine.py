"""A private machine: mount, network and pid namespaces that isolate the engines from the host.

A program calls `run_inside`, which starts the same program again in the namespaces. There the program calls `first_process`,
which does the program's work in a child. When the program ends for any reason, the kernel kills all processes of the pid
namespace.
"""

import glob
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback

from . import cgroups, disposable
from .commands import SYSTEM_PATH, Failure, execute
from .images import make_root_tar
from .session import read, session, write

RUN = "/run/engines"
# Accounts that exist only in the run: the user of rootless podman, the user that Docker maps root to, and the user whose ids
# podman takes for --userns auto.
ROOTLESS_USER, ROOTLESS_ID = "rootless", 21000
REMAPPED_USER, REMAPPED_FIRST_ID = "remapped", 300000
ACCOUNTS = {
    "passwd": f"{ROOTLESS_USER}:*:{ROOTLESS_ID}:{ROOTLESS_ID}::{{folder}}/rootless:/bin/sh\n"
              f"{REMAPPED_USER}:x:21001:21001::/:/bin/false\n"
              "containers:x:21002:21002::/:/bin/false\n",
    "group": f"{ROOTLESS_USER}:x:{ROOTLESS_ID}:\n{REMAPPED_USER}:x:21001:\ncontainers:x:21002:\n",
    "subuid": f"{ROOTLESS_USER}:200000:65536\n{REMAPPED_USER}:{REMAPPED_FIRST_ID}:65536\ncontainers:400000:262144\n",
}
ACCOUNTS["subgid"] = ACCOUNTS["subuid"]
# The checks must not change the machine's network configuration.
HIDDEN_FOLDERS = ("/etc/containers/networks", "/etc/cni/net.d", "/var/lib/cni")


class SetUpError(Exception):
    """The checks can't run at all."""


def find_runtime(runtime):
    path = os.path.abspath(runtime) if "/" in runtime else shutil.which(runtime, path=SYSTEM_PATH)
    if not path or not os.access(path, os.X_OK):
        raise SetUpError(f"{runtime} isn't a program")
    return path


def run_inside(options):
    """Runs this program again, in the namespaces and with a new folder. Returns its exit status, or 1 if it takes too long."""
    if os.geteuid() != 0:
        raise SetUpError("containers are made as root")
    if not shutil.which("busybox", path="/bin:/usr/bin"):
        raise SetUpError("busybox is missing (Debian package busybox-static)")
    session.whole_machine = getattr(options, "machine", False)
    if session.whole_machine and disposable.why_not():
        raise SetUpError(f"--machine isn't for this machine: {disposable.why_not()}")
    # Not a name by mkdtemp: it may have two underscores in a row, which containerd refuses in the name of a namespace.
    session.name = "engines." + os.urandom(4).hex()
    session.folder = os.path.join(tempfile.gettempdir(), session.name)
    os.mkdir(session.folder)
    os.chmod(session.folder, 0o755)      # a rootless engine needs access to its files
    cgroups_before = cgroups.at_the_top()
    # --kill-child: when unshare ends, so does the pid namespace. The `finally` clause below kills unshare.
    apart = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", "--"]
    command = [*([] if session.whole_machine else apart), sys.executable, *sys.argv, "--inside", session.folder]
    inside = subprocess.Popen(command, env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}, stdin=subprocess.DEVNULL,
                              start_new_session=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return inside.wait(options.timeout * getattr(options, "patience", 1))
    except subprocess.TimeoutExpired:
        print(f"FAIL the whole run takes longer than {options.timeout} s", flush=True)
        return 1
    finally:
        if inside.poll() is None:
            inside.kill()
            inside.wait()
        time.sleep(0.3)                  # the kernel removes the namespace after unshare has ended
        cgroups.remove_ours(cgroups_before)
        if options.keep:
            print(f"# kept: {session.folder}")
        else:
            shutil.rmtree(session.folder, ignore_errors=True)


def first_process(work):
    """Calls work() in a child and returns its exit status. Stays the namespace's first process meanwhile, to reap orphans."""
    if session.whole_machine:
        return work()
    if os.getpid() != 1:
        raise SetUpError("--inside is for the program itself")
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
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 2


def furnish(runtimes):
    """Prepares the private machine: /run, accounts, device nodes, the runtimes ({name: path}), the image."""
    for folder in ("bin", "log", "tmp", "home", "etc", "runtimes", "as-runc"):
        os.makedirs(session.path(folder))
    os.chdir(session.folder)             # conmon leaves a file "oom" in its working folder
    if not session.whole_machine:
        execute(["mount", "-t", "tmpfs", "-o", "mode=755,size=64m", "run", "/run"])
        execute(["mount", "-t", "tmpfs", "-o", "mode=1777,size=256m", "shm", "/dev/shm"])
        execute(["ip", "link", "set", "lo", "up"])
    for folder in (RUN, "/run/lock", "/run/user"):
        os.makedirs(folder, exist_ok=True)
    for name, lines in ACCOUNTS.items():
        if os.path.exists("/etc/" + name):
            write(session.path("etc", name), read("/etc/" + name).rstrip("\n") + "\n" + lines.format(folder=session.folder))
            execute(["mount", "--bind", session.path("etc", name), "/etc/" + name])
    for folder in filter(os.path.isdir, HIDDEN_FOLDERS):
        execute(["mount", "-t", "tmpfs", "-o", "size=16m", "hidden", folder])
    _open_to_users("/dev/net/tun", 10, 200)
    _open_to_users("/dev/fuse", 10, 229)
    session.runtimes = {name: _copy_of(name, path) for name, path in runtimes.items()}
    # If no other program is configured, containerd calls the one named runc in its PATH. podman asks for JSON logs only if the
    # runtime is named runc or crun.
    for link in ("bin/runc", "as-runc/runc", "bin/other-runtime"):
        os.symlink(session.runtime, session.path(link))
    make_root_tar()


def _copy_of(name, path):
    """Copies the runtime, so that another user can execute it and a concurrent build doesn't change it."""
    copy = session.path("runtimes", name)
    shutil.copy(path, copy)
    os.chmod(copy, 0o755)
    return copy


def _open_to_users(path, major, minor):
    """Makes the device modes the same as on a host with udev: rootless engines use these devices."""
    if os.path.exists(path):
        node = session.path(os.path.basename(path))
        os.mknod(node, stat.S_IFCHR, os.makedev(major, minor))
        os.chmod(node, 0o666)
        execute(["mount", "--bind", node, path])


# Files that start_afresh keeps.
KEPT = ("bin", "log", "home", "etc", "runtimes", "as-runc", "tun", "fuse", "busybox-root", "busybox.tar")


def start_afresh():
    """Ends all processes and deletes the engines' state, after a runtime left something that no engine can remove."""
    if session.whole_machine:
        raise Failure("the machine's own programs are among its processes")
    # kill(-1) ends all processes of the pid namespace except its first process and this one. first_process has checked that
    # we aren't in the host's pid namespace.
    os.kill(-1, signal.SIGKILL)
    time.sleep(0.5)
    doomed = [path for path in glob.glob(session.path("*")) if os.path.basename(path) not in KEPT]
    doomed += [path for path in glob.glob("/run/*") + glob.glob("/dev/shm/*")]
    for line in reversed(read("/proc/self/mountinfo").splitlines()):
        point = line.split()[4].encode().decode("unicode_escape")
        if any(point == path or point.startswith(path + "/") for path in doomed):
            subprocess.call(["umount", "-l", point], stderr=subprocess.DEVNULL)
    for path in doomed:
        subprocess.call(["rm", "-rf", "--one-file-system", path])
    for folder in (RUN, "/run/lock", "/run/user", session.path("tmp")):
        os.makedirs(folder, exist_ok=True)
    for line in execute(["ip", "-o", "link"]).output.splitlines():
        name = line.split(":")[1].strip().split("@")[0]
        if name != "lo":
            subprocess.call(["ip", "link", "delete", name], stderr=subprocess.DEVNULL)
    cgroups.remove_ours(cgroups.at_the_top())
