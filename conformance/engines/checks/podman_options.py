"""podman: options of containers."""

import json

from clients.podman import IMAGE, podman
from harness.commands import expect, until
from harness.host import cgroup_files, disk, lack_of_capabilities_skips
from harness.images import unpacked_root
from harness.services import USES_UP_MEMORY
from harness.session import read, session, write

from .podman_engine import engine


@engine.check
def out_of_memory():
    podman.run("-m", "16m", "--memory-swap", "16m", IMAGE, "sh", "-c", USES_UP_MEMORY, status=137)


@engine.check
def disk_throttling_and_processors():
    node, number = disk()
    podman.run("--device-read-bps", node + ":1mb", "--cpuset-cpus", "0", IMAGE, "sh", "-c",
               cgroup_files(("blkio/blkio.throttle.read_bps_device", "io.max")) + "; nproc").includes(
        number, "1048576", "\n1\n")


@engine.check
def capabilities():
    podman.run("--cap-drop", "ALL", "--cap-add", "NET_ADMIN", IMAGE, "grep", "CapEff", "/proc/self/status").includes(
        "0000000000001000")


@engine.check
def seccomp_and_no_new_privileges():
    podman.run("--security-opt", "no-new-privileges", "--user", "app", IMAGE, "sh", "-c",
               'grep -E "NoNew|Seccomp:" /proc/self/status; id -u').includes("NoNewPrivs:\t1", "Seccomp:\t2", "1000\n")
    podman.run("--security-opt", "seccomp=unconfined", IMAGE, "grep", "Seccomp:", "/proc/self/status").includes("\t0")


@engine.check
def read_only_root():
    podman.run("--read-only", IMAGE, "sh", "-c", "touch /tmp/x && echo written; touch /x", status=1).includes(
        "written", "Read-only")


@engine.check
def privileged():
    with lack_of_capabilities_skips():
        podman.run("--privileged", IMAGE, "sh", "-c",
                   "grep Seccomp: /proc/self/status; mkdir -p /m; mount -t tmpfs t /m && echo mounted").includes(
            "Seccomp:\t0", "mounted")


@engine.check
def init_program():
    podman.run("--init", IMAGE, "ps").matches(r"\b1 root .*(podman-init|catatonit)")


@engine.check
def many_options():
    podman.run("--sysctl", "net.core.somaxconn=333", "-h", "myhost", "--shm-size", "32m", "--device", "/dev/null:/dev/other-null",
               "--tmpfs", "/t:size=1m", "-w", "/var", "-e", "A=b", "--umask", "0077", "--annotation", "k.v=w", IMAGE, "sh", "-c",
               "cat /proc/sys/net/core/somaxconn; hostname; df -k /dev/shm | tail -1; ls /dev/other-null; pwd; echo $A; umask"
               ).includes("333\nmyhost\n", " 32768 ", "/dev/other-null\n/var\nb\n0077\n")


@engine.check
def user_limits():
    # Both are given: podman would add a default for a missing one, and raising a limit needs CAP_SYS_RESOURCE.
    podman.run("--ulimit", "nofile=100:200", "--ulimit", "nproc=1000:2000", IMAGE, "sh", "-c",
               "ulimit -n; ulimit -Hn; ulimit -u").printed("100\n200\n1000\n")


@engine.check
def volumes():
    folder = session.new_folder("podman-volume")
    podman("volume", "create", "v1")
    podman.run("-v", "v1:/d", "-v", folder + ":/b", IMAGE, "sh", "-c", "echo a > /d/f; echo b > /b/f")
    podman.run("-v", "v1:/d:ro", "-v", folder + ":/b:ro,rslave", IMAGE, "sh", "-c", "cat /d/f /b/f; touch /b/g",
               status=1).includes("a\nb\n", "Read-only")
    podman("volume", "rm", "v1")


@engine.check
def user_namespaces():
    podman.run("--uidmap", "0:300000:65536", IMAGE, "sh", "-c", "cat /proc/self/uid_map; id -u; touch /x").matches(
        r"\A\s*0\s+300000\s+65536\n0\n\Z")
    inside, outside = podman.run("--userns", "auto", IMAGE, "cat", "/proc/self/uid_map").output.split()[:2]
    expect(inside == "0" and outside != "0", f"root is {outside} outside")


@engine.check
def root_file_system_in_a_folder():
    podman("run", "--rm", "--rootfs", unpacked_root("podman-root"), "/bin/echo", "in").printed("in\n")


HOOKS_ON_THE_HOST = ["prestart", "createRuntime", "poststart", "poststop"]


def _write_hook(folder, stage, script):
    hook = {"path": "/bin/sh", "args": ["sh", "-c", script]}
    write(f"{folder}/{stage}.json", json.dumps(
        {"version": "1.0.0", "hook": hook, "when": {"always": True}, "stages": [stage]}))


@engine.check
def hooks():
    folder, calls = session.new_folder("hooks"), session.new_file("hooks.calls", "")
    for stage in HOOKS_ON_THE_HOST:
        _write_hook(folder, stage, f'read -r state; echo {stage} >> {calls}')
    # The runtime finds and runs this hook in the container.
    _write_hook(folder, "startContainer", "echo from-the-hook > /hooked")
    podman("--hooks-dir", folder, "run", "--rm", *podman.below(), IMAGE, "cat", "/hooked").printed(
        "from-the-hook\n")
    until(lambda: "poststop" in read(calls), "poststop hook", 5)
    expect(read(calls).split() == HOOKS_ON_THE_HOST, f"the hooks called are {read(calls).split()}")
