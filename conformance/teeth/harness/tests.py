"""Runs single tests with the programs of the broken sources, and reads from their output how they ended."""

import collections
import os
import pathlib
import re
import secrets
import subprocess

from . import build

RED, SURVIVES, HANGS = "red", "SURVIVES", "hangs"
DEADLINE = 120      # seconds, for one test
# Part of the names of the cgroups that the tests make. A broken program may leave some.
MARK = f"teeth{secrets.token_hex(4)}-"
END = re.compile(r"Test (\w+)\(.*?\) (?:with \d+ test cases? )?(passed|failed) after")


def run(tests, deadline):
    """Runs tests, given as pairs (suite, function). Returns how often (function, end) was seen, or None after
    the deadline.

    The tests' mounts and processes end with these namespaces. The shell remains as the first process of the pid namespace, to
    reap orphans.
    """
    functions = "|".join(sorted(rf"{suite}/{test}\(" for suite, test in tests))
    command = ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation", "private",
               "sh", "-c", '"$@"; exit $?', "sh", str(build.TESTS), "--testing-library", "swift-testing", "--filter", functions]
    try:
        finished = subprocess.run(
            command, cwd=build.TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=deadline, env=environment())
    except subprocess.TimeoutExpired:
        return None
    finally:
        remove_cgroups()
    return collections.Counter(END.findall(finished.stdout))


def environment():
    return {**os.environ, "WHERRY_RUNTIME": str(build.PROGRAM), "WHERRY_TEST_MARK": MARK}


def remove_cgroups():
    """Removes the cgroups that tests of this run have left. Their processes ended with the pid namespace."""
    for top in pathlib.Path("/sys/fs/cgroup").glob(f"**/wherry-test-{MARK}*"):
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except OSError as error:
                print(f"left: {error}", flush=True)


def unfit(tests):
    """Sentences about tests that don't run and pass without a breakage."""
    ends = run(tests, DEADLINE * 10)
    if ends is None:
        return ["the tests don't end without a breakage"]
    # Suites may have functions of the same name.
    wanted = collections.Counter(test for _, test in tests)
    return [f"{suite}.{test} doesn't pass without a breakage, or doesn't run here"
            for suite, test in sorted(tests) if ends[test, "passed"] != wanted[test]]


def outcome(breakage):
    """How a breakage's test ends with it."""
    ends = run({(breakage.suite, breakage.test)}, DEADLINE)
    if ends is None:
        return HANGS
    # A test that didn't come to its end, because its process crashed, has seen the breakage, too.
    return SURVIVES if ends[breakage.test, "passed"] else RED
