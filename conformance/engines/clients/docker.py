"""Docker: daemons of our own, and their client."""

import json
import os

from harness.commands import environment, execute, execute_on_terminal, expect, until
from harness.daemons import Daemon
from harness.host import has_unified_cgroups
from harness.images import root_tar
from harness.machine import RUN
from harness.services import TICKS
from harness.session import session, write

from . import containerd

IMAGE = "box:1"
PROGRAMS = ["dockerd", "docker", *containerd.PROGRAMS]
# The first daemon's default network.
GATEWAY = "10.211.0.1"


class Docker:
    """A daemon and its client. Calling the object runs the client."""

    def __init__(self, name, options, bridge=None):
        """`bridge` is the default network, (name, address). Without it the daemon makes docker0; only one daemon can."""
        self.name, self._options, self._bridge = name, options, bridge
        self._daemon = None

    @property
    def socket(self):
        return f"{RUN}/{self.name}.sock"

    @property
    def state_root(self):
        """The folder where the runtimes keep their state."""
        return f"{RUN}/{self.name}/runtime-runc/moby"

    @property
    def daemon(self):
        if not self._daemon:
            self._daemon = Daemon(self.name, [
                "dockerd", "--config-file", self._configuration, "-H", "unix://" + self.socket,
                "--containerd", containerd.SOCKET,
                "--data-root", session.path(self.name), "--exec-root", f"{RUN}/{self.name}",
                "--pidfile", self._pid_file, "--storage-driver", "overlay2",
                *([] if session.whole_machine else ["--cgroup-parent", "/" + session.name]), "--experimental", *self._options,
            ], lambda: self("version", timeout=5))
        return self._daemon

    @property
    def _pid_file(self):
        return f"{RUN}/{self.name}.pid"

    @property
    def _configuration(self):
        return session.path(self.name + ".json")

    def start(self):
        # docs/engines.md shows users this configuration.
        write(self._configuration, json.dumps({
            "runtimes": {name: {"path": path} for name, path in session.runtimes.items()},
            "default-runtime": next(iter(session.runtimes)), **self._driver}))
        if self._bridge:
            self._make_bridge(*self._bridge)
        self.daemon.start()
        if not self("images", "-q", IMAGE).output:
            self("import", root_tar(), IMAGE, timeout=60)

    @property
    def _driver(self):
        # systemd is Docker's default where it is the first program and the cgroups are v2.
        if session.whole_machine and has_unified_cgroups():
            return {}
        return {"exec-opts": [f"native.cgroupdriver={session.driver}"]}

    def _make_bridge(self, name, address):
        # `--bridge none` would delete the first daemon's bridge.
        if execute(["ip", "link", "show", name], status=None).status:
            execute(["ip", "link", "add", name, "type", "bridge"])
            execute(["ip", "addr", "add", address, "dev", name])
            execute(["ip", "link", "set", name, "up"])
        self._options = [*self._options, "--bridge", name, "--iptables=false"]

    def crash(self):
        """Kills the daemon, as if it had crashed."""
        self.daemon.kill()
        os.unlink(self._pid_file)

    def stop(self):
        self.remove_all()
        self.daemon.stop()

    def _command(self, arguments):
        return ["docker", "-H", "unix://" + self.socket, *arguments]

    def __call__(self, *arguments, **options):
        # Only the old builder uses the configured runtime.
        return execute(self._command(arguments), env=environment(DOCKER_BUILDKIT="0"), **options)

    def on_terminal(self, *arguments, **options):
        return execute_on_terminal(self._command(arguments), **options)

    def run(self, *arguments, **options):
        """`docker run --rm` with these options, image and command."""
        return self("run", "--rm", *arguments, **options)

    def run_in_background(self, container, *options, script=TICKS):
        """Starts a container that prints "ready", and waits for that output."""
        self("run", "-d", "--name", container, *options, IMAGE, "sh", "-c", script)
        self.wait_for_output(container, "ready")

    def logs(self, container):
        return self("logs", container)

    def wait_for_output(self, container, text):
        until(lambda: self.logs(container).includes(text), f"{text!r} of {container}")

    def inspect(self, container, template="{{.State.Status}} {{.State.ExitCode}}"):
        return self("inspect", "-f", template, container).output.strip()

    def pid(self, container):
        return int(self.inspect(container, "{{.State.Pid}}"))

    def wait_until(self, container, wanted, template="{{.State.Status}} {{.State.ExitCode}}", timeout=10):
        """Waits until `docker inspect` prints `wanted`."""
        def compare():
            found = self.inspect(container, template)
            expect(found == wanted, f"{container} is {found!r}")
            return True
        until(compare, f"{wanted!r} of {container}", timeout)

    def expect_none(self):
        self("ps", "-aq").printed("")

    def remove_all(self):
        containers = self("ps", "-aq").output.split()
        if containers:
            self("rm", "-f", "-v", *containers, status=None)
            self.expect_none()


docker = Docker("docker", ["--bip", GATEWAY + "/24", "--default-address-pool", "base=10.212.0.0/16,size=24"])


def set_up():
    containerd.start_containerd()
    docker.start()
