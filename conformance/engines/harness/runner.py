"""Runs checks one after another, each with a time limit, and prints the results."""

import re
import shutil
import signal
import time
import traceback

from . import machine
from .checks import engines
from .commands import Failure, Skip, end_all, environment, execute
from .session import session, write

# The time limit for setting an engine up, or cleaning up after a check, in seconds.
SET_UP = 180
# If the runtime hangs, each check takes its whole time limit. After so many slow failures in a row, an engine's other checks
# are skipped.
SLOW_FAILURES_IN_A_ROW = 6


class TimeUp(BaseException):
    """A time limit is over. Not a subclass of Exception, so that no check catches it as an expected failure."""


class Runner:
    def __init__(self, options):
        self.options = options
        self.counts = {"ok": 0, "FAIL": 0, "SKIP": 0}
        signal.signal(signal.SIGALRM, self._time_is_up)

    @staticmethod
    def _time_is_up(*_):
        end_all()                        # other threads may wait for these
        raise TimeUp

    def run(self):
        """Runs the checks. Returns the exit status: 0 if no check failed and at least one passed, otherwise 1."""
        for engine in engines.values():
            chosen = [check for check in engine.checks if self._is_chosen(check)]
            if chosen and engine.name in self.options.engines:
                self._run_engine(engine, chosen)
        passed, failed, skipped = self.counts.values()
        print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
        return 1 if failed or not passed else 0

    def _is_chosen(self, check):
        return re.search(self.options.only, check.name) and not (
            self.options.skip and re.search(self.options.skip, check.name))

    def _run_engine(self, engine, chosen):
        missing = [name for name in engine.programs if not shutil.which(name, path=environment()["PATH"])]
        trouble = f"not installed: {' '.join(missing)}" if missing else None
        if not trouble and self._attempt(f"{engine.name}/set-up", engine.set_up, SET_UP) != "ok":
            trouble = "the engine couldn't be set up"
        slow = 0
        for check in chosen:
            if trouble:
                self._report("SKIP", check.name, trouble)
                continue
            started = time.monotonic()
            verdict = self._attempt(check.name, check.function, check.timeout)
            took_long = time.monotonic() - started > 0.4 * min(check.timeout, 30) * session.patience
            slow = slow + 1 if verdict == "FAIL" and took_long else 0
            if slow == SLOW_FAILURES_IN_A_ROW:
                trouble = f"{slow} checks in a row failed after a long time"
            elif not self._succeeds(engine.clean_up) and not self._succeeds(lambda: self._start_afresh(engine)):
                trouble = "the engine couldn't be set up again"
        self._succeeds(engine.tear_down)

    @staticmethod
    def _start_afresh(engine):
        machine.start_afresh()
        engine.set_up()

    def _succeeds(self, function):
        """Calls a function that isn't a check. Returns whether it succeeded; an error goes only to log/runner.log."""
        signal.alarm(int(SET_UP * session.patience))
        try:
            function()
            return True
        except (Exception, TimeUp):
            with open(session.path("log/runner.log"), "a") as log:
                log.write(traceback.format_exc())
            return False
        finally:
            signal.alarm(0)

    def _attempt(self, name, function, timeout):
        if self.options.record:
            write(session.path("check"), name)
        started = time.monotonic()
        timeout = int(timeout * session.patience)
        signal.alarm(timeout)
        try:
            verdict, remark = "ok", function()
        except Skip as skip:
            verdict, remark = "SKIP", skip
        except Failure as failure:
            verdict, remark = "FAIL", failure
        except TimeUp:
            verdict, remark = "FAIL", f"not done within {timeout} s"
        except Exception:                # a defect of the check: the traceback helps to fix it
            verdict, remark = "FAIL", traceback.format_exc()
        finally:
            signal.alarm(0)
        self._report(verdict, name, remark, time.monotonic() - started)
        return verdict

    def _report(self, verdict, name, remark, seconds=None):
        self.counts[verdict] += 1
        remark = " ".join(str(remark or "").split())
        if len(remark) > 600 and not self.options.verbose:
            remark = remark[:600] + "..."
        took = "" if seconds is None else f" ({seconds:.1f} s)"
        print(f"{verdict:4} {name}{took}{': ' + remark if remark else ''}", flush=True)


def describe(runtime):
    version = execute([runtime, "--version"], status=None).output.split("\n")
    return " / ".join(version[:2])
