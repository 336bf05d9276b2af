"""What doesn't depend on the machine's speed: instructions, system calls, memory. And what each runtime is."""

import os
import re
import shutil
import statistics
import subprocess

from bundles import CONFIGS
from report import Row, markdown


def system_calls(bench, runtime, config):
    """Returns the number of system calls of `run`, including those of the container's process."""
    summary = bench.work / "strace"
    subprocess.run(
        ["strace", "-f", "-c", "-U", "calls", "-o", summary, *runtime.run_command(bench.bundles.path(config), bench.id)],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    return int(summary.read_text().split("\n")[-2].split()[0])


def instructions(bench, runtime, *arguments):
    """Returns the number of user-space instructions of the runtime's own process. Callgrind counts them, or single steps if
    valgrind can't run the program. None means that there are too many for single steps."""
    command = runtime.command(*arguments)
    if shutil.which("valgrind"):
        # callgrind fails on the signals with which Go's scheduler interrupts its threads.
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, env={**os.environ, "GODEBUG": "asyncpreemptoff=1"})
        collected = re.search(r"Collected : (\d+)", done.stderr)
        if collected and done.returncode == 0:
            return int(collected[1])
    try:
        stepped = subprocess.run(
            [str(bench.tools / "instructions"), *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=30, check=True)
    except subprocess.TimeoutExpired:
        return None
    return int(stepped.stdout)


def peak(samples):
    return statistics.median(size for _, size in samples) / 1024


def rows(bench):
    """Yields the rows of the table of counts."""
    def row(name, unit, of):
        return Row(name, unit, {r.name: (of(r),) for r in bench.runtimes})

    def in_millions(runtime, *arguments):
        count = instructions(bench, runtime, *arguments)
        return None if count is None else count / 1e6

    ran = bench.rounds(lambda r: bench.run(r, "docker"), bench.runtimes, 5)
    yield row("docker, peak memory of `run`", "MB", lambda r: peak(ran[r]))
    for config in CONFIGS:
        yield row(f"{config}, system calls of `run`", "", lambda r: system_calls(bench, r, config))
    with bench.running("docker"):
        state = lambda r: bench.timed(r.command("state", bench.standing(r)))
        states = bench.rounds(state, bench.runtimes, 21)
        yield row("`state`, instructions", "M", lambda r: in_millions(r, "state", bench.standing(r)))
    yield row("`state`, time", "ms", lambda r: statistics.median(time for time, _ in states[r]))
    yield row("`state`, peak memory", "MB", lambda r: peak(states[r]))
    yield row("`--version`, instructions", "M", lambda r: in_millions(r, "--version"))


def identities(bench):
    """Returns the lines of the table that says what each runtime is."""
    def cells(runtime):
        try:
            bench.create(runtime, bench.bundles.path("plain"), bench.id)
            own_file = runtime.own_file(bench.pid(runtime))
        finally:
            bench.remove(runtime, bench.id)
        return [runtime.label, runtime.linking(), f"{runtime.size() / 1e6:.2f} MB", own_file]

    return list(markdown(["", "linking", "size", "/proc/PID/exe"], map(cells, bench.runtimes), "---"))
