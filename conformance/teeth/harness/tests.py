"""Runs single tests with the programs of the broken sources, and reads from their output how they ended."""

import collections
import os
import re
import subprocess
import time

from . import build

RED, SURVIVES, HANGS, UNKNOWN = "red", "SURVIVES", "hangs", "UNKNOWN"
DEADLINE = 120      # seconds, for one test
# Part of the names of the cgroups that the tests make. A broken program may leave some.
MARK = "teeth-"
END = re.compile(r"Test (\w+)\(.*?\) (?:with \d+ test cases? )?(passed|failed) after")


def run(tests, deadline):
    """Runs tests, given as pairs (suite, function). Returns the exit status (None after the deadline) and the output.

    The tests' mounts and processes end with these namespaces. The shell remains as the first process of the pid namespace, to
    reap orphans.
    """
    functions = "|".join(sorted(rf"\.{suite}/{test}\(" for suite, test in tests))
    command = ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation", "private",
               "sh", "-c", '"$@"; exit $?', "sh", str(build.TESTS), "--testing-library", "swift-testing", "--filter", functions]
    try:
        finished = subprocess.run(
            command, cwd=build.TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=deadline,
            env={**os.environ, "WHERRY_RUNTIME": str(build.PROGRAM), "WHERRY_TEST_MARK": MARK})
    except subprocess.TimeoutExpired:
        return None, ""
    finally:
        remove_cgroups()
    return finished.returncode, finished.stdout


def remove_cgroups():
    """Removes the cgroups that tests of this run, or of one that was killed, have left."""
    for parent, folders, _ in os.walk("/sys/fs/cgroup"):
        for name in [name for name in folders if name.startswith("wherry-test-" + MARK)]:
            folders.remove(name)
            for folder, _, _ in os.walk(os.path.join(parent, name), topdown=False):
                remove_cgroup(folder)


def remove_cgroup(folder):
    # Only the end of the pid namespace kills its processes, and those in a frozen cgroup of version 1 not even then.
    freezer = os.path.join(folder, "freezer.state")
    if os.path.exists(freezer):
        with open(freezer, "w") as file:
            file.write("THAWED")
    for _ in range(100):
        try:
            return os.rmdir(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            reason = error
            time.sleep(0.02)
    print(f"left: {reason}", flush=True)


def unfit(tests):
    """Sentences about tests that don't run and pass without a breakage."""
    status, output = run(tests, DEADLINE * 10)
    if status is None:
        return ["the tests don't end without a breakage"]
    ends = collections.Counter(END.findall(output))
    # Suites may have functions of the same name.
    wanted = collections.Counter(test for _, test in tests)
    faults = [f"{suite}.{test} doesn't pass without a breakage, or doesn't run here"
              for suite, test in sorted(tests) if ends[test, "passed"] != wanted[test]]
    return faults and faults + [line for line in output.splitlines() if "recorded an issue" in line or "skipped" in line]


def outcome(breakage):
    """How a breakage's test ends with it."""
    status, output = run({(breakage.suite, breakage.test)}, DEADLINE)
    ends = set(END.findall(output))
    if status is None:
        return HANGS
    if (breakage.test, "passed") in ends:
        return SURVIVES
    # A crash of the tests' own process has seen the breakage, too.
    return RED if (breakage.test, "failed") in ends or status >= 128 else UNKNOWN
