"""Compares container runtimes with each other and with the time that the kernel and systemd need. See README.md in this folder.

The runtimes are given as PATH or NAME=PATH; the first one is compared with the others.
"""

import argparse
import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True

import chart
import counts
import growth
import publish
from bundles import CONFIGS
from measure import Bench
from report import Report, Row, figures
from runtimes import Failure, Runtime

PR_SET_CHILD_SUBREAPER = 36


def times(bench, options):
    """Yields the rows of the table of times, as they are measured."""
    temperatures = (("warm", options.warm, 0), ("cold", options.cold, 1))
    at_once = ((f"{options.together} at once", options.rounds, 0),)
    together = lambda participant, config: bench.run_together(participant, config, options.together)
    cases = [
        ("run", bench.run, False, temperatures),
        ("create + start + delete", bench.create_start_delete, False, temperatures),
        ("exec", bench.exec, True, temperatures),
        ("run", together, False, at_once),
    ]
    for config in CONFIGS:
        for name, what, in_running, kinds in cases:
            for kind, count, pause in kinds:
                row = f"{config}, {name}, {kind}"
                if count == 0 or not re.search(options.only, row):
                    continue
                # The floors make the calls of the plain configuration.
                floors = [floor for floor in bench.floors if name in floor.rows and config == "plain"]
                with bench.running(config) if in_running else contextlib.nullcontext():
                    results = bench.rounds(lambda p: what(p, config), [*floors, *bench.runtimes], count, pause)
                yield Row(row, "ms", {p.name: figures(samples) for p, samples in results.items()},
                          {p.name: [time for time, _ in samples] for p, samples in results.items()})


def systemd_version():
    return subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout.split(" (")[0]


def setting(options):
    """What a reader has to know about the figures."""
    version = 2 if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else 1
    kernel = ".".join(os.uname().release.split(".")[:2])
    return (f"Measured in one run, with {os.cpu_count()} processors, kernel {kernel}, cgroup v{version}. Each command runs "
            f"/bin/true: {options.warm} rounds with at most 20 ms before each start (warm), {options.cold} rounds with a second more "
            f"(cold), {options.rounds} rounds of {options.together} at once." +
            (f" The cgroups are those of scopes that {systemd_version()} makes." if options.systemd else ""))


def compare(bench, options, report):
    participants = [*bench.floors, *bench.runtimes]
    identities = counts.identities(bench)
    report.say(setting(options))
    report.section("What the runtimes are, and what a created container's first process runs from", identities)
    report.comparison("Times: median / 99th percentile", participants, bench.runtimes, times(bench, options))
    if not options.only:
        report.comparison("Counts", bench.runtimes, bench.runtimes, counts.rows(bench))
    (bench.tools / "benchmark.svg").write_text(chart.draw(report.rows, participants, options.together))
    if options.publish:
        publish.publish(report, setting(options), identities, participants, options)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help=argparse.SUPPRESS)  # an empty folder on a tmpfs
    parser.add_argument("--tools", required=True, help=argparse.SUPPRESS)  # where floor, stopwatch and instructions are
    parser.add_argument("--warm", type=int, default=100, help="rounds with at most 20 ms before each start (default: 100)")
    parser.add_argument("--cold", type=int, default=11, help="rounds with a second's pause before each start (default: 11)")
    parser.add_argument("--together", type=int, default=50, metavar="COUNT", help="runs at once (default: 50)")
    parser.add_argument("--rounds", type=int, default=11, help="rounds of runs at once (default: 11)")
    parser.add_argument("--only", default="", metavar="REGEX", help="only the rows of times that this matches, and no counts")
    parser.add_argument("--publish", action="store_true",
                        help="also write Benchmarks/RESULTS.md, docs/benchmark.svg and the figures in README.md; with --systemd "
                             "only Benchmarks/RESULTS-systemd.md")
    parser.add_argument("--growth", type=int, nargs="?", const=1000, metavar="COUNT",
                        help="instead, measure what grows with containers, mounts, variables and id mappings (default: with 1000 "
                             "containers)")
    parser.add_argument("--systemd", action="store_true", help="let the runtimes have systemd make the cgroups")
    parser.add_argument("runtimes", nargs="+")
    options = parser.parse_args()
    if options.publish and (options.only or options.growth):
        parser.error("--publish needs all rows: without --only and --growth")
    return options


def main():
    options = arguments()
    # The container's process must become our child when `create` ends: see Bench.create_start_delete.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    runtimes = [Runtime(text, options.work, options.systemd) for text in options.runtimes]
    if len({r.name for r in runtimes}) < len(runtimes):
        raise Failure("two runtimes have the same name; say NAME=PATH")
    bench = Bench(options.work, options.tools, runtimes, options.systemd)
    bench.make_bundles(options.together)
    report = Report()
    try:
        if options.growth:
            growth.measure(bench, options.growth, report)
        else:
            compare(bench, options, report)
    finally:
        for runtime in runtimes:
            bench.remove(runtime, bench.id)


if __name__ == "__main__":
    try:
        main()
    except (Failure, subprocess.SubprocessError) as error:
        sys.exit(f"bench: {error}")
