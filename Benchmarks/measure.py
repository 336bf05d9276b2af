"""Measurements of times: milliseconds and KiB. The runtimes take turns (A B C A B C ...), so that other load on the machine
affects all of them equally."""

import contextlib
import os
import pathlib
import random
import subprocess
import time

from bundles import CONFIGS, Bundles, configuration
from runtimes import CommandFailure, Floor, Scope

SLICE = "system.slice"
# Seconds: some ticks of the kernel's clock.
PHASE = 0.02


class Bench:
    def __init__(self, work, tools, runtimes, systemd=False):
        self.work = pathlib.Path(work)
        self.tools = pathlib.Path(tools)
        self.runtimes = runtimes
        self.id = f"bench-{os.getpid()}"
        self.bundles = Bundles(work)
        self.systemd = systemd
        self.floors = [Floor(self.tools, self.bundles.rootfs), *([Scope(self.tools, SLICE)] if systemd else [])]

    def make_bundles(self, together):
        for name in CONFIGS:
            config = configuration(name, self.systemd)
            self.bundles.write(name, config, self.cgroup())
            for number in range(together):
                self.bundles.write(f"{name}-together/{number}", config, self.cgroup(number))
            for runtime in self.runtimes:
                self.bundles.write(
                    f"{name}-{runtime.name}", config, self.cgroup(runtime.name), "/bin/sleep", "100000")

    def cgroup(self, of="alone"):
        """The configuration's cgroupsPath: a cgroup, or what systemd's unit is made from."""
        return f"{SLICE}:{self.id}:{of}" if self.systemd else f"/{self.id}-{of}"

    def cgroup_path(self, of):
        return f"/{SLICE}/{self.id}-{of}.scope" if self.systemd else self.cgroup(of)

    def standing(self, runtime):
        """The id of the runtime's container that keeps running."""
        return f"{self.id}-{runtime.name}"

    @contextlib.contextmanager
    def running(self, config):
        """A context in which one container of each runtime is running."""
        try:
            for runtime in self.runtimes:
                runtime.do("create", "--bundle", self.bundles.path(f"{config}-{runtime.name}"), "--pid-file",
                           self.pid_file(runtime), self.standing(runtime))
                runtime.do("start", self.standing(runtime))
            yield
        finally:
            for runtime in self.runtimes:
                self.remove(runtime, self.standing(runtime))

    def pid_file(self, runtime):
        return str(self.work / f"{runtime.name}.pid")

    def pid(self, runtime):
        return int(pathlib.Path(self.pid_file(runtime)).read_text())

    def timed(self, command, count=None):
        """Runs a command, or `count` of them at once. Returns the time in milliseconds and the peak resident size in KiB."""
        # Output doesn't go to a pipe, because a created container would keep the pipe open.
        output = self.work / "output"
        many = ["-n", str(count)] if count else []
        with open(output, "w") as sink:
            done = subprocess.run(
                [self.tools / "stopwatch", *many, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sink,
                text=True, timeout=120)
        fields = done.stdout.split()
        if len(fields) != 3 or fields[2] != "0":
            raise CommandFailure(command, output.read_text().strip(), fields[-1] if fields else "unknown")
        return int(fields[0]) / 1e6, int(fields[1])

    def run(self, participant, config):
        return self.timed(participant.run_command(self.bundles.path(config), self.id))

    def run_together(self, participant, config, count):
        return self.timed(
            participant.run_command(self.bundles.path(f"{config}-together/{{}}"), self.id + "-{}"), count)

    def create(self, runtime, bundle, container):
        return self.timed(
            runtime.command("create", "--bundle", bundle, "--pid-file", self.pid_file(runtime), container))

    def create_start_delete(self, runtime, config):
        total, peak = self.create(runtime, self.bundles.path(config), self.id)
        for command in ("start", "delete"):
            if command == "delete":
                # An engine's shim waits in this way: the container's process becomes its child.
                os.waitpid(self.pid(runtime), 0)
            elapsed, size = self.timed(runtime.command(command, self.id))
            total, peak = total + elapsed, max(peak, size)
        return total, peak

    def exec(self, participant, config):
        if participant in self.floors:
            host = self.runtimes[0]
            return self.timed(participant.exec_command(self.pid(host), self.cgroup_path(host.name)))
        return self.timed(participant.command("exec", self.standing(participant), "/bin/true"))

    def rounds(self, what, participants, count, pause=0):
        """Measures each participant `count` times, in turn. Returns the (milliseconds, KiB) of each, by participant.

        Each start comes at a random moment of the kernel's clock tick. RCU grace periods end with a tick, and so do the runs that
        wait for one; those that follow at once would all meet the tick at the same moment.
        """
        results = {p: [] for p in participants}
        for number in range(count + 1):
            # Each round begins with another one, because systemd and the kernel clean up after the one before.
            first = number % len(participants)
            for participant in participants[first:] + participants[:first]:
                time.sleep(pause + random.random() * PHASE)
                measured = what(participant)
                if number > 0:  # The first round fills caches.
                    results[participant].append(measured)
        return results

    def remove(self, runtime, container):
        runtime.do("delete", "--force", container, check=False)
        # We are the subreaper, so these processes became our children.
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
