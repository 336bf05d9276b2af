"""Runs a command, as root, in a Debian that systemd has booted in a container: on a host with another init or with cgroup v1, a
second host with systemd and cgroup v2, as fast as the first.

The container has cgroup2 as its only hierarchy of cgroups. Those controllers that the host uses with version 1 aren't in it.
"""

import argparse
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
BOOT_SECONDS, STOP_SECONDS = 60, 20
TMPFS = {"/dev": "mode=755", "/dev/shm": "mode=1777", "/run": "mode=755", "/tmp": "mode=1777,size=1g", "/var": "mode=755"}
# With this capability systemd would load kernel modules.
WITHOUT = "CAP_SYS_MODULE"
# As root of its hierarchy, the cgroup of the container itself must be empty before systemd can hand controllers down.
JOIN = 'echo 0 >/sys/fs/cgroup/init.scope/cgroup.procs; exec "$@"'


def make_root(folder):
    """Makes Debian's files, once for each list of packages."""
    stamp = folder / "stamp"
    recipe = f"{SUITE} {PACKAGES}"
    root = folder / "rootfs"
    if stamp.exists() and stamp.read_text() == recipe:
        return root
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["mmdebstrap", "--quiet", "--variant=essential", f"--include={PACKAGES}",
                    '--aptopt=APT::Install-Recommends "false"', SUITE, root], stdin=subprocess.DEVNULL, check=True)
    stamp.write_text(recipe)
    return root


def configuration(root, shared, capabilities):
    mounts = [("/proc", "proc", []), ("/sys", "sysfs", []), ("/sys/fs/cgroup", "cgroup2", []),
              *((place, "tmpfs", options.split(",")) for place, options in TMPFS.items()),
              ("/dev/pts", "devpts", ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
              ("/dev/mqueue", "mqueue", [])]
    mounts.sort(key=lambda mount: mount[0])  # /dev before what is in it
    return {
        "ociVersion": "1.2.0",
        "root": {"path": str(root)},
        "hostname": "debian",
        "process": {
            "args": ["/sbin/init"], "cwd": "/", "user": {"uid": 0, "gid": 0},
            "env": ["container=oci", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            "capabilities": {name: capabilities for name in ("bounding", "effective", "permitted")},
        },
        "mounts": [*({"destination": place, "type": kind, "source": kind, "options": options} for place, kind, options in mounts),
                   {"destination": str(shared), "type": "bind", "source": str(shared), "options": ["rbind", "ro"]}],
        "linux": {
            "namespaces": [{"type": name} for name in ("pid", "mount", "ipc", "uts", "network", "cgroup")],
            "resources": {"devices": [{"allow": True, "access": "rwm"}]},
        },
    }


class Debian:
    """The running container: a context."""

    def __init__(self, wherry, bundle):
        self.wherry = wherry
        self.bundle = bundle
        self.id = f"debian-{os.getpid()}"

    def command(self, *arguments):
        return [self.wherry, "--root", f"{self.bundle}/state", *arguments]

    def in_it(self, *command):
        return self.command("exec", self.id, "sh", "-c", JOIN, "sh", *command)

    def status(self):
        state = subprocess.run(self.command("state", self.id), capture_output=True, text=True)
        return json.loads(state.stdout)["status"] if state.returncode == 0 else "gone"

    def __enter__(self):
        # Not a pipe: the container keeps the streams.
        console = pathlib.Path(self.bundle, "console")
        with console.open("w") as sink:
            started = subprocess.run(self.command("run", "--detach", "--bundle", self.bundle, self.id),
                                     stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
        if started.returncode != 0:
            sys.exit(f"debian: {console.read_text().strip()}")
        try:
            self.wait(BOOT_SECONDS, self.booted, "systemd doesn't come up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def booted(self):
        asked = subprocess.run(self.in_it("systemctl", "is-system-running"), capture_output=True, text=True)
        return asked.stdout.strip() in ("running", "degraded")

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
            subprocess.run(self.command("kill", self.id, "SIGRTMIN+3"), capture_output=True)
            self.wait(STOP_SECONDS, lambda: self.status() in ("stopped", "gone"), "systemd doesn't stop")
        finally:
            subprocess.run(self.command("delete", "--force", self.id), capture_output=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wherry", required=True, help="the program that makes the container")
    parser.add_argument("--files", type=pathlib.Path, default=pathlib.Path(".build/debian"),
                        help="where Debian's files are kept (default: .build/debian)")
    parser.add_argument("--share", required=True, type=pathlib.Path, help="a folder of the host's that is there too, read-only")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    root = make_root(options.files.absolute())
    features = subprocess.run([options.wherry, "features"], capture_output=True, text=True, check=True)
    capabilities = [name for name in json.loads(features.stdout)["linux"]["capabilities"] if name != WITHOUT]
    with tempfile.TemporaryDirectory(prefix="wherry-debian.") as bundle:
        pathlib.Path(bundle, "config.json").write_text(json.dumps(configuration(root, options.share.absolute(), capabilities)))
        with Debian(options.wherry, bundle) as debian:
            sys.exit(subprocess.run(debian.in_it(*options.command), stdin=subprocess.DEVNULL).returncode)


if __name__ == "__main__":
    main()
