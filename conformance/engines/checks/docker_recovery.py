"""Docker: containers whose shim or whose containerd is killed, and checkpoints."""

import os
import signal

from clients.containerd import containerd
from clients.docker import IMAGE, docker
from harness.commands import Skip, expect, pause, until
from harness.host import criu_works, is_alive, parent_of
from harness.services import TICKS
from harness.session import read

from .docker_engine import engine


@engine.check(timeout=120)
def killed_shim():
    docker.run_in_background("c1")
    container = docker.pid("c1")
    shim = parent_of(container)
    expect("shim" in read(f"/proc/{shim}/cmdline"), "the container's parent isn't the shim")
    os.kill(shim, signal.SIGKILL)
    until(lambda: not is_alive(container), "end of the container, by delete --force", 15)
    docker.wait_until("c1", "exited", "{{.State.Status}}", 15)
    docker("start", "c1")
    docker.wait_until("c1", "running 0")


@engine.check(timeout=120)
def restarted_containerd():
    docker.run_in_background("c1")
    container = docker.pid("c1")
    containerd().kill()
    containerd().start()
    expect(is_alive(container), "the container died with containerd")
    until(lambda: docker("exec", "c1", "echo", "back", timeout=10).printed("back\n"), "exec in it", 40, 0.5)
    docker("stop", "-t", "3", "c1")
    docker.wait_until("c1", "exited 3")


@engine.check(timeout=120)
def checkpoint():
    if not criu_works():
        raise Skip("criu check fails on this machine")
    docker("run", "-d", "--name", "c1", "--security-opt", "seccomp=unconfined", "--network", "none", IMAGE, "sh", "-c", TICKS)
    docker.wait_for_output("c1", "tick 2")
    docker("checkpoint", "create", "c1", "k1")
    docker.wait_until("c1", "exited", "{{.State.Status}}")
    before = docker.logs("c1").output.splitlines()
    docker("start", "--checkpoint", "k1", "c1")
    pause(1)
    after = docker.logs("c1").output.splitlines()[len(before):]
    expect(after and "ready" not in after, f"it wrote {after[:3]}")
