"""podman on a host with SELinux: processes, file systems and volumes have the labels that podman chooses."""

import os

from clients.podman import IMAGE, podman
from harness.commands import Skip, expect
from harness.session import read, session

from .podman_engine import engine

PLACES = ("/", "/dev", "/dev/null", "/dev/shm", "/dev/pts", "/dev/mqueue", "/volume", "/etc/hosts")


def _expect_label(place, found, wanted):
    expect(found.strip("\0\n") == wanted, f"the label of {place} is {found!r}, not {wanted}")


@engine.check
def labels_are_podmans_choice():
    if not os.path.exists("/sys/fs/selinux/enforce"):
        raise Skip("this host has no SELinux")
    volume = os.path.join(session.folder, "labelled-volume")
    os.makedirs(volume, exist_ok=True)
    podman("run", "-d", "--name", "c1", "--network", "none", "-v", volume + ":/volume:Z", IMAGE, "sleep", "1000")
    process, files = (podman("inspect", "-f", "{{.%s}}" % name, "c1").output.strip() for name in ("ProcessLabel", "MountLabel"))
    expect("container_t:s0:c" in process and "container_file_t:s0:c" in files, f"podman chose {process} and {files}")
    _expect_label("a process of exec", podman("exec", "c1", "cat", "/proc/self/attr/current").output, process)
    proc = f"/proc/{podman.pid('c1')}"
    _expect_label("the process", read(proc + "/attr/current"), process)
    for place in PLACES:
        _expect_label(place, os.getxattr(f"{proc}/root{place}", "security.selinux").decode(), files)


@engine.check
def processes_without_labels_are_unconfined():
    if not os.path.exists("/sys/fs/selinux/enforce"):
        raise Skip("this host has no SELinux")
    found = podman.run("--network", "none", "--security-opt", "label=disable", IMAGE, "cat", "/proc/self/attr/current").output
    expect("container_t" not in found, f"the process has the label {found!r}")
