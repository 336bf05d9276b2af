"""Runs each check with each runtime, with a time limit, and keeps the results."""

import os
import re
import signal
import traceback

from .commands import call
from .containers import Case
from .rules import checks
from .session import session
from .verdicts import Failure, Skip

RESULTS = ("pass", "FAIL", "skip", "deviation")


class TimeUp(BaseException):
    """A time limit is over. Not a subclass of Exception, so that no check catches it as an expected failure."""


class Runtime:
    """A program under test. Two runtimes of the same name are told apart by their paths."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.version = _version(path)
        self.results = {}              # {check's name: (result, remark)}

    @property
    def is_wherry(self):
        return self.version.startswith("wherry")

    def counts(self):
        results = [result for result, _ in self.results.values()]
        return {name: results.count(name) for name in RESULTS}


def _version(path):
    try:
        lines = [line.strip() for line in call(path, "--version").output.splitlines()]
    except Failure:
        lines = []
    lines = [line for line in lines if re.match(r"\S+ version|spec:|wherry", line)]
    return ", ".join(lines) or "no version"


def named(paths):
    names = [os.path.basename(path) for path in paths]
    return [Runtime(path, name if names.count(name) == 1 else path) for path, name in zip(paths, names)]


def _time_is_up(*_):
    raise TimeUp


def run(runtimes, only):
    """Runs the checks whose name matches."""
    signal.signal(signal.SIGALRM, _time_is_up)
    number = 0
    for check in checks:
        if not re.search(only, check.name):
            continue
        for runtime in runtimes:
            number += 1
            result, remark = _attempt(check, runtime, number)
            remark = " ".join(str(remark).split())
            runtime.results[check.name] = result, remark
            print(f"{result:9} {runtime.name:8} {check.name}{': ' + remark if remark else ''}", flush=True)


def _attempt(check, runtime, number):
    case = Case(runtime.path, number)
    limit = int(check.timeout * session.patience)
    signal.alarm(limit)
    try:
        check.function(case)
        return "pass", ""
    except Skip as skip:
        return "skip", skip
    except Failure as failure:
        return "deviation" if runtime.is_wherry and check.is_deviation else "FAIL", failure
    except TimeUp:
        return "FAIL", f"expected an end of the check; saw that it isn't done within {limit} s"
    except Exception:                    # a defect of the check: the traceback helps to fix it
        return "FAIL", "the check itself fails: " + traceback.format_exc()
    finally:
        signal.alarm(0)
        _close(case)


def _close(case):
    try:
        case.close()
    except Exception:                    # what is left disappears with the run
        traceback.print_exc()
