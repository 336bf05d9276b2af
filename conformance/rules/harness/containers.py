"""Containers of the runtime under test, and the Case: what a check gets to work with."""

import json
import os
import select
import shutil
import signal
import subprocess
import time

from . import bundles, cgroups
from .bundles import default_config, make_root, write_config
from .commands import call, until
from .session import read, session
from .verdicts import Failure, Skip, expect


class Container:
    """A container that `create` has made."""

    def __init__(self, case, id, bundle):
        self.case, self.id, self.bundle = case, id, bundle
        self.output_file = os.path.join(bundle, "output")
        self.pidfd = None

    def call(self, command, *arguments, status=0):
        """Calls a command of the runtime for this container. `status` is the expected one; None: any."""
        result = self.case.call(command, *arguments)
        if status is not None:
            expect(result.status == status, f"status {status} of `{command}`", result)
        return result

    def state(self):
        result = self.call("state", self.id)
        try:
            state = json.loads(result.output)
            state["status"]
        except (ValueError, TypeError, KeyError):
            raise Failure("the state as a JSON object", result) from None
        return state

    @property
    def status(self):
        return self.state()["status"]

    @property
    def pid(self):
        pid = self.state().get("pid")
        expect(isinstance(pid, int) and os.path.exists(f"/proc/{pid}"), "a process with the pid of the state", f"pid {pid!r}")
        return pid

    def hold(self):
        """Opens a pidfd of the container's process, so that its end can be waited for. Returns the pid."""
        pid = self.pid
        if self.pidfd is None:
            self.pidfd = os.pidfd_open(pid)
            self.case.descriptors.append(self.pidfd)
        return pid

    def start(self):
        self.hold()
        self.call("start", self.id)
        return self

    def wait(self, timeout=10):
        """Waits for the end of the container's process."""
        if not select.select([self.pidfd], [], [], timeout * session.patience)[0]:
            raise Failure("an end of the container's program", f"that it still runs after {timeout * session.patience} s; "
                          f"its output is {self.output()[-200:]!r}")
        return self

    def has_ended(self):
        return bool(select.select([self.pidfd], [], [], 0)[0])

    def kill(self, name, status=0):
        return self.call("kill", self.id, name, status=status)

    def delete(self, *options, status=0):
        return self.call("delete", *options, self.id, status=status)

    def output(self):
        return read(self.output_file)

    def await_output(self, text):
        """Waits until the container's program has written this text."""
        until(lambda: text in self.output() or self.pidfd is not None and self.has_ended(), f"the output {text!r}")
        expect(text in self.output(), f"the output {text!r}", f"{self.output()[-300:]!r}")
        return self

    def errors(self):
        return read(os.path.join(self.bundle, "errors"))


class Case:
    """One check of one runtime: makes bundles and containers, and removes them at the end."""

    def __init__(self, runtime, number):
        self.runtime, self.number = runtime, number
        self.folder = session.path(f"case-{number}")
        self.made, self.ids, self.descriptors, self.at_end = 0, [], [], []
        self.defaults = {}               # properties of `linux` that each config of the check has
        os.mkdir(self.folder)

    def call(self, *arguments, **options):
        return call(self.runtime, *arguments, **options)

    def new_id(self):
        self.made += 1
        return f"{session.name}-{self.number}-{self.made}"

    def cgroup_of(self, id):
        return f"/{session.name}/{id}"

    def config(self, script="true", **process):
        """Returns a config that each runtime accepts. The keywords are properties of `process`."""
        config = default_config(script, None)
        del config["linux"]["cgroupsPath"]         # `bundle` sets it: each container has its own
        config["process"].update(process)
        config["linux"].update(self.defaults)
        return config

    def bundle(self, config, id, owner=0):
        """Makes a bundle. `config` is an object, a text, or None for a bundle without a config.json."""
        folder = os.path.join(self.folder, id)
        make_root(os.path.join(folder, "rootfs"), owner)
        if isinstance(config, dict) and isinstance(config.get("linux"), dict):
            config = {**config, "linux": {"cgroupsPath": self.cgroup_of(id), **config["linux"]}}
            if config["linux"]["cgroupsPath"] is None:
                del config["linux"]["cgroupsPath"]
        if config is not None:
            write_config(folder, config)
        return folder

    def prepare(self, config, prepare=None, owner=None):
        """Makes a bundle and an id. `prepare` gets the bundle's folder, to change what is in it."""
        id = self.new_id()
        if owner is None:
            owner = self._first_id(config)
        folder = self.bundle(config, id, owner)
        if prepare:
            prepare(folder)
        self.ids.append(id)
        return id, folder

    @staticmethod
    def _first_id(config):
        try:
            return config["linux"]["uidMappings"][0]["hostID"]
        except (TypeError, KeyError, IndexError):
            return 0

    def try_create(self, config, prepare=None, owner=None, **options):
        """Calls `create` and returns the result and the container, whether or not it was made."""
        id, folder = self.prepare(config, prepare, owner)
        result = self.call("create", "--bundle", folder, id, output=os.path.join(folder, "output"),
                           errors=os.path.join(folder, "errors"), **options)
        return result, Container(self, id, folder)

    def known(self, id, folder):
        """Returns the container with this id, for a check that has called `create` itself."""
        return Container(self, id, folder)

    @staticmethod
    def expect_success(result):
        expect(result.status == 0, f"status 0 of `{result.command}`", result)

    def create(self, config, prepare=None, **options):
        result, container = self.try_create(config, prepare, **options)
        self.expect_success(result)
        container.hold()
        return container

    def start(self, config, prepare=None, **options):
        return self.create(config, prepare, **options).start()

    def output(self, config, prepare=None, **options):
        """Takes a container through its whole life, and returns what its program wrote."""
        container = self.start(config, prepare, **options).wait()
        output = container.output()
        self.delete_stopped(container)
        return output

    def delete_stopped(self, container):
        # The runtime may see the end of the process later than its pidfd does.
        until(lambda: container.status == "stopped", "the status stopped after the end of the program", 5, 0.05)
        container.delete()

    def lines(self, script, **process):
        """Runs a script in a container and returns the lines that it wrote."""
        return self.output(self.config(script, **process)).splitlines()

    def refuses(self, good, bad, late=False, prepare=None):
        """Expects that `create` is an error for each config in `bad` ({what: config}), and leaves nothing.

        `good` is accepted: a runtime that refuses everything doesn't pass. With `late`, an error of `start` is enough: it's
        for properties of `process`, which needn't be applied before.
        """
        self.start(good, prepare).delete("--force")
        problems = []
        for what, config in bad.items():
            result, container = self.try_create(config, prepare)
            if result.status == 0 and late:
                result = container.call("start", container.id, status=None)
            if result.status == 0:
                problems.append(f"{what} is accepted")
                container.call("delete", "--force", container.id, status=None)
                continue
            if result.command == "create":
                problems += [f"{what} is refused, but {rest}" for rest in self.remains(container)]
        expect(not problems, "an error that leaves nothing", "; ".join(problems))

    def remains(self, container):
        """Returns what is left of a container that shouldn't be there. The kernel may need a moment to end processes."""
        deadline = time.monotonic() + 0.5 * session.patience
        while True:
            left = self._remains(container)
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.05)

    def _remains(self, container):
        left = []
        if self.call("state", container.id).status == 0:
            left.append("`state` still knows the container")
        folders = cgroups.at(self.cgroup_of(container.id))
        if folders:
            left.append(f"the cgroup {folders[0].removeprefix(cgroups.TOP)} remains")
        if any(read(os.path.join(folder, "cgroup.procs")).strip() for folder in folders):
            left.append("a process remains")
        return left

    def host_command(self, *command):
        """Runs a program of the host that a check needs. Skips the check if the program fails."""
        result = subprocess.run(command, capture_output=True, text=True, timeout=10)
        if result.returncode != 0:
            raise Skip(f"`{' '.join(command)}` fails here: {result.stderr.strip()[-120:]}")
        return result.stdout

    def close(self):
        """Removes everything that the check made, even if the runtime doesn't."""
        for id in self.ids:
            try:
                call(self.runtime, "delete", "--force", id, deadline=5)
            except Failure:
                pass
        for descriptor in self.descriptors:
            try:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.close(descriptor)
        for undo in reversed(self.at_end):
            undo()
        cgroups.remove_ours()
        self._unmount()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _unmount(self):
        points = [line.split()[4] for line in read("/proc/self/mountinfo").splitlines()]
        for point in reversed(points):
            if point.startswith(self.folder + "/"):
                subprocess.call(["umount", "-l", point], stderr=subprocess.DEVNULL)


def pause(seconds):
    """Gives a runtime time for something that shouldn't happen."""
    time.sleep(seconds * session.patience)


SLEEP = bundles.SLEEP
