"""Kills `create` with the driver systemd at random moments, deletes containers while `exec` enters them, and looks for what is
left: units, cgroups, processes, mounts, state. It runs as root, in debian.py's container.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SLICE = "/sys/fs/cgroup/system.slice"
AT_ONCE = 8
COMMAND_SECONDS = 60
# The longest time before a kill. Most come early: a create takes 15 ms, or ten times that beside others. Many have ended by then.
LATEST_KILL = 0.6
# If fewer are interrupted, the moments are wrong for this machine, and the test shows nothing.
LEAST_INTERRUPTED = 0.1
STOPPED = ("cannot exec in a stopped container", "container does not exist")


class Containers:
    def __init__(self, wherry, folder):
        self.folder = pathlib.Path(folder)
        # Programs may be slow to start where this one lies.
        self.wherry = str(shutil.copy(wherry, self.folder / "wherry"))
        self.state = self.folder / "state"
        self.prefix = f"kills{os.getpid()}"
        subprocess.run([self.wherry, "spec", "--bundle", self.folder], check=True)
        self.config = json.loads((self.folder / "config.json").read_text())
        root = self.folder / "rootfs"
        for name in ("bin", "proc", "dev", "sys"):
            (root / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin/sleep")
        self.config["root"]["path"] = str(root)
        self.config["process"] |= {"terminal": False, "args": ["/bin/sleep", "1000"]}

    def unit(self, name):
        return f"{self.prefix}-{name}.scope"

    def command(self, *arguments):
        return [self.wherry, "--systemd-cgroup", "--root", str(self.state), *arguments]

    def create(self, name):
        bundle = self.folder / name
        bundle.mkdir()
        linux = self.config["linux"] | {"cgroupsPath": f"system.slice:{self.prefix}:{name}"}
        (bundle / "config.json").write_text(json.dumps(self.config | {"linux": linux}))
        # Not a pipe: the container keeps the streams.
        with open(bundle / "output", "w") as output:
            return subprocess.Popen(self.command("create", "--bundle", str(bundle), name), stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=output)

    def end_of_create(self, name, create, expected):
        """Waits for the end. Returns what went wrong, and the status."""
        status = create.wait(COMMAND_SECONDS)
        text = (self.folder / name / "output").read_text().strip()
        return [] if status in expected else [f"create: status {status}, {text}"], status

    def do(self, *arguments):
        done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=COMMAND_SECONDS)
        return [] if done.returncode == 0 else [f"{arguments[0]}: status {done.returncode}, {done.stderr.strip()}"]

    def left(self, name):
        """What a deleted container has left."""
        asked = subprocess.run(["systemctl", "is-active", self.unit(name)], capture_output=True, text=True,
                               timeout=COMMAND_SECONDS)
        active = asked.stdout.strip()
        if active not in ("inactive", "unknown"):
            yield f"the unit {self.unit(name)} is {active}"
        if os.path.exists(f"{SLICE}/{self.unit(name)}"):
            yield f"the cgroup of {self.unit(name)} is there"

    def processes(self):
        """The processes of ours that are left after a second: one that prepares the kernel outlives its create by milliseconds."""
        until = time.monotonic() + 1
        while (left := list(self.present())) and time.monotonic() < until:
            time.sleep(0.05)
        return left

    def present(self):
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == b"/bin/sleep" or str(self.state).encode() in words:
                yield f"process {folder.name}: {b' '.join(words).decode()}"

    # What is done with one container. Each returns what went wrong, and whether something was interrupted.

    def kill_create(self, name, moment):
        create = self.create(name)
        time.sleep(moment**2 * LATEST_KILL)
        create.kill()
        wrong, status = self.end_of_create(name, create, (0, -signal.SIGKILL))
        return wrong + self.do("delete", "--force", name) + list(self.left(name)), status != 0

    def delete_in_use(self, name, moment):
        wrong, _ = self.end_of_create(name, self.create(name), (0,))
        wrong += self.do("start", name)
        joining = subprocess.Popen(self.command("exec", name, "/bin/sleep", "0"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(moment * 0.02)
        wrong += self.do("delete", "--force", name)
        errors = joining.communicate(timeout=COMMAND_SECONDS)[1]
        if joining.returncode not in (0, 128 + signal.SIGKILL) and not any(text in errors for text in STOPPED):
            wrong.append(f"exec: status {joining.returncode}, {errors.strip()}")
        return wrong + list(self.left(name)), joining.returncode != 0


def mounts():
    return pathlib.Path("/proc/self/mountinfo").read_text().count("\n")


def in_time(what):
    """The same, but a command that hangs is a fault."""
    def attempt(name, moment):
        try:
            return what(name, moment)
        except subprocess.TimeoutExpired as error:
            return [f"{' '.join(error.cmd)}: not within {error.timeout:.0f} s"], True
    return attempt


def run(containers, what, count, seed):
    """Does this with so many containers, eight at once. Returns whether all went well."""
    moments = random.Random(seed)
    before = mounts()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        names = [f"{what.__name__.replace('_', '')}{number}" for number in range(count)]
        results = list(pool.map(in_time(what), names, [moments.random() for _ in names]))
    wrong = [f"{name}: {text}" for name, (texts, _) in zip(names, results) for text in texts]
    wrong += containers.processes()
    wrong += [f"state: {path.name}" for path in containers.state.glob("*")]
    if mounts() != before:
        wrong.append(f"{mounts() - before} mounts more")
    interrupted = sum(was for _, was in results)
    if interrupted < LEAST_INTERRUPTED * count:
        wrong.append("hardly anything was interrupted")
    print(f"{what.__name__}: {count} containers, {interrupted} interrupted, {len(wrong)} faults", flush=True)
    for line in wrong[:20]:
        print(f"  {line}")
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="containers of each kind (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="chooses the moments (default: 1)")
    parser.add_argument("wherry", help="the program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wherry-kills.") as folder:
        containers = Containers(options.wherry, folder)
        kinds = (containers.kill_create, containers.delete_in_use)
        if not all([run(containers, what, options.count, options.seed) for what in kinds]):
            sys.exit(1)


if __name__ == "__main__":
    main()
