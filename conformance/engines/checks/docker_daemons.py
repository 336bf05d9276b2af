"""Docker: daemons with other settings, each beside the first daemon. Docker's last check looks for things left behind."""

import contextlib
import glob
import os
import re

from clients.docker import IMAGE, Docker, docker
from harness.cgroups import of_containers
from harness.commands import expect, until
from harness.host import is_alive, processes
from harness.machine import REMAPPED_FIRST_ID, REMAPPED_USER, RUN
from harness.services import TICKS
from harness.session import read, session

from .docker_engine import engine

remapped = Docker("docker-remapped", ["--userns-remap", f"{REMAPPED_USER}:{REMAPPED_USER}"], ("engines2", "10.216.2.1/24"))
restoring = Docker("docker-restoring", ["--live-restore"], ("engines3", "10.216.3.1/24"))
WITHOUT_NETWORK = ("--network", "none", IMAGE)


@contextlib.contextmanager
def _started(daemon):
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()


@engine.check(timeout=120)
def user_namespace():
    with _started(remapped):
        result = remapped.run(*WITHOUT_NETWORK, "sh", "-c",
                              "cat /proc/self/uid_map; id -u; touch /x; stat -c %u /x; echo $$")
        expect(result.output.split() == ["0", str(REMAPPED_FIRST_ID), "65536", "0", "0", "1"], result)
        remapped.on_terminal("run", "--rm", "-it", *WITHOUT_NETWORK, "sh", "-c", "tty; ls -ln /dev/console").includes(
            "/dev/pts/0")
        remapped.run(IMAGE, "ip", "-o", "-4", "addr").includes("10.216.2.")
        result = remapped.run("--userns", "host", *WITHOUT_NETWORK, "cat", "/proc/self/uid_map")
        expect(result.output.split()[:2] == ["0", "0"], result)


@engine.check(timeout=120)
def life_in_a_user_namespace():
    with _started(remapped):
        remapped("run", "-d", "--name", "c1", "-m", "64m", *WITHOUT_NETWORK, "sh", "-c", TICKS)
        owner = os.stat(f"/proc/{remapped.pid('c1')}").st_uid
        expect(owner == REMAPPED_FIRST_ID, f"its process belongs to {owner}")
        remapped("exec", "c1", "id").includes("uid=0")
        remapped("exec", "-u", "app", "c1", "sh", "-c", "touch /tmp/f; stat -c %U /tmp/f").printed("app\n")
        remapped.on_terminal("exec", "-it", "c1", "tty").includes("/dev/pts/")
        remapped("pause", "c1")
        remapped("unpause", "c1")
        remapped("update", "--pids-limit", "33", "c1")
        remapped("stop", "-t", "3", "c1")
        remapped.wait_until("c1", "exited 3")


@engine.check(timeout=120)
def restarted_daemon():
    with _started(restoring):
        restoring("run", "-d", "--name", "c1", *WITHOUT_NETWORK, "sh", "-c", TICKS)
        container = restoring.pid("c1")
        restoring.crash()
        expect(is_alive(container), "the container died with dockerd")
        restoring.start()
        restoring.wait_until("c1", f"{container} true", "{{.State.Pid}} {{.State.Running}}")
        restoring("exec", "c1", "echo", "back").printed("back\n")
        restoring("stop", "-t", "3", "c1")
        restoring.wait_until("c1", "exited 3")


def what_is_left():
    """Returns what Docker's containers left behind: state, cgroups, processes, mounts."""
    left = [f"state {path}" for path in glob.glob(docker.state_root + "/*")]
    left += [f"cgroup {path}" for path in of_containers("", "docker")]
    left += [f"process {pid} {' '.join(arguments)[:100]}" for pid, arguments in processes(
        lambda arguments: "containerd-shim" in " ".join(arguments[:1]) or arguments[1:] == ["init"]).items()]
    left += [f"mount {line.split()[4]}" for line in read("/proc/self/mountinfo").splitlines()
             if re.search(f"{re.escape(session.folder)}/docker/overlay2|{RUN}/containerd/io.containerd.runtime", line)]
    return left


def expect_nothing_left():
    def look():
        left = what_is_left()
        expect(not left, f"{len(left)} things: {left[:6]}")
        return True
    until(look, "clean machine", 6, 0.3)


@engine.check
def nothing_is_left():
    docker.remove_all()
    expect_nothing_left()
