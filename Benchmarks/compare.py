"""Compares container runtimes with each other and with the kernel's own floor. See README.md beside this file.

Times are medians. The runtimes take turns (A B C A B C ...), so that other load on the machine affects all of them equally.
"""

import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
DOCKER_SAMPLE = HERE.parent / "Tests/OCITests/Samples/docker-run-rm.config.json"
CONFIGS = ("plain", "docker")
FLOOR = "floor"
PR_SET_CHILD_SUBREAPER = 36


class Failure(Exception):
    pass


class Runtime:
    def __init__(self, path, work):
        self.path = shutil.which(path) or path
        self.root = work / ("state-" + re.sub(r"\W", "-", self.path))
        version = subprocess.run([self.path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if version.returncode != 0:
            raise Failure(f"{path} --version: {version.stderr.strip() or version.returncode}")
        words = version.stdout.split("\n")[0].split()
        self.name = os.path.basename(self.path)
        self.label = f"{self.name} {words[-1]}"

    def command(self, *arguments):
        return [self.path, "--root", str(self.root), *arguments]

    def do(self, *arguments, check=True):
        """Runs a command without measuring it."""
        done = subprocess.run(
            self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise Failure(f"{self.name} {' '.join(arguments)}: status {done.returncode}")


class Bench:
    def __init__(self, options, runtimes):
        self.work = pathlib.Path(options.work)
        self.tools = pathlib.Path(options.tools)
        self.runtimes = runtimes
        self.id = f"bench-{os.getpid()}"

    # Bundles

    def configuration(self, name):
        """The plain configuration, or Docker's default without the parts that need Docker: its hook and files in /etc."""
        if name == "plain":
            return json.loads((HERE / "plain.config.json").read_text())
        config = json.loads(DOCKER_SAMPLE.read_text())
        del config["hooks"]
        config["mounts"] = [m for m in config["mounts"] if not m["destination"].startswith("/etc/")]
        config["process"]["args"] = ["/bin/true"]
        return config

    def make_bundles(self):
        rootfs = self.work / "rootfs"
        for folder in ("bin", "proc", "dev", "sys", "tmp", "etc"):
            (rootfs / folder).mkdir(parents=True)
        shutil.copy("/bin/busybox", rootfs / "bin/busybox")
        for applet in ("true", "sleep"):
            (rootfs / "bin" / applet).symlink_to("busybox")
        unified = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        for name in CONFIGS:
            config = self.configuration(name)
            config["root"]["path"] = str(rootfs)
            config["linux"]["cgroupsPath"] = "/" + self.id
            if unified:
                config["linux"]["namespaces"].append({"type": "cgroup"})
            self.write_bundle(name, config)
            # One container that keeps running, for each runtime: see `running`.
            config["process"]["args"] = ["/bin/sleep", "100000"]
            for runtime in self.runtimes:
                config["linux"]["cgroupsPath"] = "/" + self.standing(runtime)
                self.write_bundle(f"{name}-{runtime.name}", config)

    def write_bundle(self, name, config):
        (self.work / name).mkdir()
        (self.work / name / "config.json").write_text(json.dumps(config, indent=1))

    def standing(self, runtime):
        """The id of the runtime's container that keeps running."""
        return f"{self.id}-{runtime.name}"

    @contextlib.contextmanager
    def running(self, config):
        """A context in which one container of each runtime is running."""
        try:
            for runtime in self.runtimes:
                runtime.do("create", "--bundle", self.bundle(f"{config}-{runtime.name}"), self.standing(runtime))
                runtime.do("start", self.standing(runtime))
            yield
        finally:
            for runtime in self.runtimes:
                self.remove(runtime, self.standing(runtime))

    def bundle(self, name):
        return str(self.work / name)

    # Measurements: milliseconds and KiB

    def timed(self, command):
        """Runs a command. Returns its time in milliseconds and its peak resident size in KiB."""
        # Output doesn't go to a pipe, because a created container would keep the pipe open.
        output = self.work / "output"
        with open(output, "w") as sink:
            done = subprocess.run(
                [self.tools / "stopwatch", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sink,
                text=True, timeout=60)
        fields = done.stdout.split()
        if len(fields) != 3 or fields[2] != "0":
            raise Failure(f"{' '.join(command)}: {output.read_text().strip()} (status {fields[-1:]})")
        return int(fields[0]) / 1e6, int(fields[1])

    def run(self, runtime, config):
        if runtime is FLOOR:
            return self.timed([str(self.tools / "floor"), "run", str(self.work / "rootfs")])
        return self.timed(runtime.command("run", "--bundle", self.bundle(config), self.id))

    def create_start_delete(self, runtime, config):
        pid_file = self.work / "pid"
        pid_file.unlink(missing_ok=True)
        total, peak = self.timed(
            runtime.command("create", "--bundle", self.bundle(config), "--pid-file", str(pid_file), self.id))
        pid = int(pid_file.read_text())
        for arguments in (("start", self.id), ("delete", self.id)):
            if arguments[0] == "delete":
                # An engine's shim waits in this way: the container's process becomes its child.
                os.waitpid(pid, 0)
            elapsed, size = self.timed(runtime.command(*arguments))
            total, peak = total + elapsed, max(peak, size)
        return total, peak

    def exec(self, runtime, config):
        return self.timed(runtime.command("exec", self.standing(runtime), "/bin/true"))

    def rounds(self, what, participants, config, count, pause):
        """Measures each participant `count` times, in turn. Returns the medians of (milliseconds, KiB) by participant."""
        results = {p: [] for p in participants}
        for number in range(count + 1):
            for participant in participants:
                time.sleep(pause)
                measured = what(participant, config)
                if number > 0:  # The first round fills caches.
                    results[participant].append(measured)
        return {p: tuple(statistics.median(column) for column in zip(*r)) for p, r in results.items()}

    # Counts

    def system_calls(self, runtime, config):
        """Returns the number of system calls of `run`, including those of the container's process."""
        summary = self.work / "strace"
        subprocess.run(
            ["strace", "-f", "-c", "-U", "calls", "-o", summary,
             *runtime.command("run", "--bundle", self.bundle(config), self.id)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
        return int(summary.read_text().split("\n")[-2].split()[0])

    def instructions(self, runtime, *arguments):
        """Returns the number of user-space instructions of the runtime's own process. Callgrind counts them, or single steps if
        valgrind can't run the program. None means that there are too many for single steps."""
        # callgrind fails on the signals with which Go's scheduler interrupts its threads.
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *runtime.command(*arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            env={**os.environ, "GODEBUG": "asyncpreemptoff=1"})
        collected = re.search(r"Collected : (\d+)", done.stderr)
        if collected and done.returncode == 0:
            return int(collected[1])
        try:
            stepped = subprocess.run(
                [str(self.tools / "instructions"), *runtime.command(*arguments)],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=True)
        except subprocess.TimeoutExpired:
            return None
        return int(stepped.stdout)

    def state(self, runtime):
        """Returns instructions, milliseconds and KiB of `state` for a running container."""
        measured = [self.timed(runtime.command("state", self.standing(runtime))) for _ in range(21)]
        return self.instructions(runtime, "state", self.standing(runtime)), *(statistics.median(c) for c in zip(*measured))

    def remove(self, runtime, container):
        runtime.do("delete", "--force", container, check=False)
        # We are the subreaper, so these processes became our children.
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def size(self, runtime):
        return os.stat(runtime.path).st_size


def table(title, columns, rows):
    print(f"\n{title}\n")
    print("| | " + " | ".join(columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for name, cells in rows:
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def milliseconds(value):
    return "–" if value is None else f"{value:.2f} ms"


def times(bench, options):
    """Yields the rows of the table of times, as they are measured."""
    first, last = bench.runtimes[0], bench.runtimes[-1]
    alone = contextlib.nullcontext
    cases = [
        ("run", bench.run, True, alone),
        ("create + start + delete", bench.create_start_delete, False, alone),
        ("exec", bench.exec, False, bench.running),
    ]
    for config in CONFIGS:
        for name, what, has_floor, surroundings in cases:
            for temperature, count, pause in (("warm", options.warm, 0), ("cold", options.cold, 1)):
                row = f"{config}, {name}, {temperature}"
                if count == 0 or not re.search(options.only, row):
                    continue
                participants = [*([FLOOR] if has_floor and config == "plain" else []), *bench.runtimes]
                with surroundings(config):
                    result = bench.rounds(what, participants, config, count, pause)
                cells = [milliseconds(result[p][0]) if p in result else "" for p in [FLOOR, *bench.runtimes]]
                ratio = f"{result[first][0] / result[last][0]:.2f}" if first is not last else "–"
                yield row, [*cells, ratio]


def counts(bench):
    runtimes = bench.runtimes
    peaks = [bench.rounds(bench.run, runtimes, "docker", 5, 0)[r][1] for r in runtimes]
    yield "peak RSS of `run`, docker", [f"{peak / 1024:.1f} MB" for peak in peaks]
    for config in CONFIGS:
        yield f"system calls of `run`, {config}", [str(bench.system_calls(r, config)) for r in runtimes]
    with bench.running("docker"):
        states = [bench.state(r) for r in runtimes]
    in_millions = lambda count: "–" if count is None else f"{count / 1e6:.2f} M"
    yield "`state`: instructions", [in_millions(s[0]) for s in states]
    yield "`state`: time", [milliseconds(s[1]) for s in states]
    yield "`state`: peak RSS", [f"{s[2] / 1024:.1f} MB" for s in states]
    yield "`--version`: instructions", [in_millions(bench.instructions(r, "--version")) for r in runtimes]
    yield "size of the program", [f"{bench.size(r) / 1e6:.2f} MB" for r in runtimes]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help="an empty folder, best on a tmpfs")
    parser.add_argument("--tools", required=True, help="where floor, stopwatch and instructions are")
    parser.add_argument("--warm", type=int, default=50, help="rounds back to back (default: 50)")
    parser.add_argument("--cold", type=int, default=11, help="rounds with a second's pause before each start (default: 11)")
    parser.add_argument("--only", default="", metavar="REGEX", help="only the rows of times that this matches, and no counts")
    parser.add_argument("runtimes", nargs="+")
    options = parser.parse_args()

    # The container's process must become our child when `create` ends: see create_start_delete.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    runtimes = [Runtime(path, pathlib.Path(options.work)) for path in options.runtimes]
    bench = Bench(options, runtimes)
    bench.make_bundles()
    labels = [r.label for r in runtimes]
    try:
        table(f"Medians of {options.warm} (warm: back to back) and {options.cold} (cold: a second apart) runs of /bin/true",
              ["kernel's floor", *labels, f"{runtimes[0].name} / {runtimes[-1].name}"], times(bench, options))
        if not options.only:
            table("Counts", labels, counts(bench))
    finally:
        for runtime in runtimes:
            bench.remove(runtime, bench.id)


if __name__ == "__main__":
    try:
        main()
    except (Failure, subprocess.SubprocessError) as error:
        sys.exit(f"bench: {error}")
