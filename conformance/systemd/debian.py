"""Runs a command, as root, in a Debian that systemd has booted in a container: on a host with another init or with cgroup v1, a
second host with systemd and cgroup v2, as fast as the first.

The container has cgroup2 as its only hierarchy of cgroups. Those controllers that the host uses with version 1 aren't in it.
"""

import argparse
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SUITE = "trixie"
PACKAGES = "systemd,systemd-sysv,dbus,busybox-static,python3,strace,crun,runc"
RECIPE = f"{SUITE} {PACKAGES}"
# How long systemd may take to boot and to stop, and one command of the runtime.
BOOT_SECONDS, STOP_SECONDS, COMMAND_SECONDS = 60, 20, 60
TMPFS = {"/dev": "mode=755", "/dev/shm": "mode=1777", "/run": "mode=755", "/tmp": "mode=1777,size=1g", "/var": "mode=755"}
# With this capability systemd would load kernel modules.
WITHOUT = "CAP_SYS_MODULE"
# These are the host's: systemd-sysctl would set kernel.core_pattern. In /proc/sys/net everything is the container's own.
READ_ONLY = ["/proc/sys/kernel", "/proc/sys/vm", "/proc/sys/fs", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"]
# As root of its hierarchy, the cgroup of the container itself must be empty before systemd can hand controllers down.
JOIN = 'echo 0 >/sys/fs/cgroup/init.scope/cgroup.procs && exec "$@"'


def is_made(folder):
    stamp = folder / "stamp"
    return stamp.exists() and stamp.read_text() == RECIPE


def make(folder):
    """Makes Debian's files, once for each list of packages. Nobody writes to them afterwards."""
    if is_made(folder):  # by another, while we waited
        return
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    subprocess.run(["mmdebstrap", "--quiet", "--variant=essential", f"--include={PACKAGES}",
                    '--aptopt=APT::Install-Recommends "false"', SUITE, folder / "rootfs"], stdin=subprocess.DEVNULL, check=True)
    (folder / "stamp").write_text(RECIPE)


def bind(folder, option):
    return {"destination": str(folder), "type": "bind", "source": str(folder), "options": ["rbind", option]}


def configuration(root, shared, writable, capabilities):
    mounts = [("/proc", "proc", []), ("/sys", "sysfs", []), ("/sys/fs/cgroup", "cgroup2", []),
              *((place, "tmpfs", options.split(",")) for place, options in TMPFS.items()),
              ("/dev/pts", "devpts", ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
              ("/dev/mqueue", "mqueue", [])]
    mounts.sort(key=lambda mount: mount[0])  # /dev before what is in it
    return {
        "ociVersion": "1.2.0",
        "root": {"path": str(root), "readonly": True},
        "hostname": "debian",
        "process": {
            "args": ["/sbin/init"], "cwd": "/", "user": {"uid": 0, "gid": 0},
            "env": ["container=oci", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            "capabilities": {name: capabilities for name in ("bounding", "effective", "permitted")},
        },
        "mounts": [*({"destination": place, "type": kind, "source": kind, "options": options} for place, kind, options in mounts),
                   bind(shared, "rro"), *(bind(folder, "rw") for folder in writable)],
        "linux": {
            "namespaces": [{"type": name} for name in ("pid", "mount", "ipc", "uts", "network", "cgroup")],
            "resources": {"devices": [{"allow": True, "access": "rwm"}]},
            "readonlyPaths": READ_ONLY,
        },
    }


class Debian:
    """The running container: a context."""

    def __init__(self, runtime, bundle):
        self.runtime = runtime
        self.bundle = bundle
        self.id = f"debian-{os.getpid()}"

    def command(self, *arguments):
        return [self.runtime, "--root", f"{self.bundle}/state", *arguments]

    def in_it(self, *command):
        return self.command("exec", self.id, "sh", "-c", JOIN, "sh", *command)

    @staticmethod
    def ask(command):
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=COMMAND_SECONDS)

    def status(self):
        state = self.ask(self.command("state", self.id))
        return json.loads(state.stdout)["status"] if state.returncode == 0 else "gone"

    def __enter__(self):
        try:
            # Not a pipe: the container keeps the streams.
            console = pathlib.Path(self.bundle, "console")
            with console.open("w") as sink:
                started = subprocess.run(self.command("run", "--detach", "--bundle", self.bundle, self.id),
                                         stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, timeout=COMMAND_SECONDS)
            if started.returncode != 0:
                sys.exit(f"debian: {console.read_text().strip()}")
            self.wait(BOOT_SECONDS, self.booted, "systemd doesn't come up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def booted(self):
        return self.ask(self.in_it("systemctl", "is-system-running")).stdout.strip() in ("running", "degraded")

    @staticmethod
    def wait(seconds, happened, otherwise):
        end = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > end:
                sys.exit(f"debian: {otherwise}")
            time.sleep(0.1)

    def __exit__(self, *_):
        try:
            # systemd's signal for a shutdown.
            self.ask(self.command("kill", self.id, "SIGRTMIN+3"))
            self.wait(STOP_SECONDS, lambda: self.status() in ("stopped", "gone"), "systemd doesn't stop")
        finally:
            deleted = self.ask(self.command("delete", "--force", self.id))
            if deleted.returncode != 0:
                print(f"debian: {deleted.stderr.strip()}", file=sys.stderr)
            else:
                shutil.rmtree(self.bundle)  # with the state, without which the container couldn't be deleted any more


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", required=True, help="the program that makes the container")
    parser.add_argument("--files", type=pathlib.Path, default=pathlib.Path(".build/debian"),
                        help="where Debian's files are kept (default: .build/debian)")
    parser.add_argument("--share", required=True, type=pathlib.Path, help="a folder of the host's that is there too, read-only")
    parser.add_argument("--writable", action="append", default=[], type=pathlib.Path, help="one that can be written to")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("there is no command")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    files = options.files.absolute()
    files.parent.mkdir(parents=True, exist_ok=True)
    # Several may run at once, but none while the files are made.
    lock = open(f"{files}.lock", "w")
    fcntl.flock(lock, fcntl.LOCK_SH)
    if not is_made(files):
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(files)
        fcntl.flock(lock, fcntl.LOCK_SH)
    features = subprocess.run([options.runtime, "features"], capture_output=True, text=True, check=True)
    capabilities = [name for name in json.loads(features.stdout)["linux"]["capabilities"] if name != WITHOUT]
    writable = [folder.absolute() for folder in options.writable]
    config = configuration(files / "rootfs", options.share.absolute(), writable, capabilities)
    bundle = tempfile.mkdtemp(prefix="wherry-debian.")
    pathlib.Path(bundle, "config.json").write_text(json.dumps(config))
    with Debian(options.runtime, bundle) as debian:
        sys.exit(subprocess.run(debian.in_it(*options.command), stdin=subprocess.DEVNULL).returncode)


if __name__ == "__main__":
    main()
