"""Runs the runtime under test, as any user would: with a command line and a deadline."""

import os
import re
import signal
import subprocess
import time

from .machine import SYSTEM_PATH
from .session import read, session
from .verdicts import Failure

DEADLINE = 10


class Result:
    """How a call of the runtime ended, and what it wrote."""

    def __init__(self, command, status, output, errors):
        self.command, self.status, self.output, self.errors = command, status, output, errors

    def __str__(self):
        # Without the time: results of two runs should be the same.
        said = " ".join(re.sub(r'time="[^"]*" level=\w+ ', "", self.errors or self.output).split())[-220:]
        return f"`{self.command}` ended with status {self.status}" + (f" and said: {said}" if said else "")


def environment():
    return {"PATH": SYSTEM_PATH, "HOME": session.folder, "LANG": "C.UTF-8"}


def call(runtime, *arguments, output=None, errors=None, folder=None, prefix=(), pass_fds=(), deadline=DEADLINE):
    """Calls the runtime. Its streams are files: a container that it leaves behind would hold a pipe open.

    `output` is the file for the standard output; a container inherits it. `prefix` is put before the runtime: a program that
    changes its own surroundings and then executes its arguments.
    """
    output, errors = output or session.path("output"), errors or session.path("errors")
    with open(session.path("null"), "r+b", buffering=0) as null, open(output, "wb") as out, open(errors, "wb") as err:
        process = subprocess.Popen([*prefix, runtime, *arguments], stdin=null, stdout=out, stderr=err, env=environment(),
                                   cwd=folder, start_new_session=True, pass_fds=pass_fds)
    try:
        status = process.wait(deadline * session.patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        seen = f"that it still runs after {deadline * session.patience} s"
        raise Failure(f"an end of `{_command(arguments)}`", seen) from None
    return Result(_command(arguments), status, read(output), read(errors))


def until(condition, expected, timeout=5, step=0.01):
    """Calls condition() until it returns something true, and returns that."""
    deadline = time.monotonic() + timeout * session.patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failure(expected, f"nothing of this after {timeout * session.patience} s")
        time.sleep(step)


def _command(arguments):
    """Returns the command among the arguments, for messages."""
    words = arguments[2:] if arguments[:1] == ("--log",) else arguments
    return words[0] if words else ""
