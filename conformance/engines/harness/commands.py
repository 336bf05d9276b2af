"""Runs programs, on pipes or on a terminal, and compares their output and exit status with what a check expects."""

import concurrent.futures
import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import termios
import time

from .session import session, write

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
TERMINAL_ROWS, TERMINAL_COLUMNS = 33, 101


class Failure(Exception):
    """A check found something other than what it expects."""


class Skip(Exception):
    """This machine can't do what a check needs, with any runtime."""


class Result:
    """How a program ended, and what it wrote."""

    def __init__(self, command, status, output, errors):
        self.command, self.status, self.output, self.errors = command, status, output, errors

    def __str__(self):
        words = " ".join(shlex.quote(word) for word in self.command)
        return f"status {self.status} of {words[:400]}; output {self.output[-600:]!r}; errors {self.errors[-900:]!r}"

    @property
    def text(self):
        return self.output + self.errors

    def printed(self, output):
        """Expects exactly this text on standard output."""
        return self._expect(self.output == output, f"not {output!r}")

    def includes(self, *texts):
        """Expects these texts, on standard output or standard error."""
        for text in texts:
            self._expect(text in self.text, f"no {text!r}")
        return self

    def lacks(self, text):
        return self._expect(text not in self.text, f"{text!r}, which shouldn't be there")

    def matches(self, pattern):
        """Expects this regular expression somewhere on standard output or standard error."""
        return self._expect(re.search(pattern, self.text, re.M | re.I), f"nothing that matches {pattern!r}")

    def ended(self, *statuses):
        return self._expect(self.status in statuses, f"not status {' or '.join(map(str, statuses))}")

    def failed(self):
        return self._expect(self.status != 0, "a success, which shouldn't be")

    def _expect(self, condition, otherwise):
        if not condition:
            raise Failure(f"{otherwise}: {self}")
        return self


def expect(condition, otherwise):
    if not condition:
        raise Failure(otherwise)


def environment(**more):
    folder = session.folder
    return {"PATH": f"{folder}/bin:{SYSTEM_PATH}", "HOME": folder + "/home", "TMPDIR": folder + "/tmp", "TERM": "xterm",
            "LANG": "C.UTF-8", **more}


# The programs that run now. If a check runs out of time, they are all killed: its other threads may be waiting for them.
running = set()


def end(process):
    """Kills a process that we started, and its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        pass


def end_all():
    for process in list(running):
        end(process)


def pause(seconds):
    """Gives a program of the container time for something that nobody sees from outside."""
    time.sleep(seconds * session.patience)


def _becoming(user, groups=()):
    cgroup = session.cgroups_of_users.get(user)

    def become():
        if cgroup:
            write(cgroup + "/cgroup.procs", "0")
        os.setgroups(groups)
        os.setgid(user)
        os.setuid(user)
    return become if user else None


def execute(command, status=0, timeout=30, stdin=None, env=None, user=None, groups=(), folder=None):
    """Runs a program until it ends. `status` is the expected exit status (None: any); `stdin` is text or bytes."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=env or environment(), cwd=folder, start_new_session=True,
        preexec_fn=_becoming(user, groups))
    running.add(process)
    timeout *= session.patience
    try:
        output, errors = process.communicate(stdin.encode() if isinstance(stdin, str) else stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        end(process)
        raise Failure(f"not ended after {timeout} s: {' '.join(command)[:300]}; {_what_it_wrote(process)}") from None
    finally:
        if process.poll() is None:
            end(process)
        running.discard(process)
    result = Result(command, process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))
    return result if status is None else result.ended(status)


def _what_it_wrote(process):
    try:
        output, errors = process.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        return "its pipes are still open"
    return f"output {output[-300:]!r}; errors {errors[-300:]!r}"


def execute_on_terminal(command, dialogue=(), status=0, timeout=30, env=None, user=None):
    """Runs a program on its own terminal. Each pair in `dialogue` is a text to wait for and the text to type then."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", TERMINAL_ROWS, TERMINAL_COLUMNS, 0, 0))
    become = _becoming(user)

    def take_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if become:
            become()

    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env or environment(),
                               preexec_fn=take_terminal)
    os.close(slave)
    running.add(process)
    try:
        output = _converse(process, master, list(dialogue), time.monotonic() + timeout * session.patience)
    finally:
        if process.poll() is None:
            end(process)
        running.discard(process)
        os.close(master)
    result = Result(command, process.returncode, output.decode(errors="replace").replace("\r\n", "\n"), "")
    return result if status is None else result.ended(status)


def _converse(process, master, dialogue, deadline):
    output = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Failure(f"the terminal session doesn't end; output {output[-500:]!r}")
        if select.select([master], [], [], min(left, 0.5))[0]:
            try:
                some = os.read(master, 65536)
            except OSError:              # EIO: no process has the other side open
                some = b""
            if not some:
                break
            output += some
        elif process.poll() is not None:
            break
        if dialogue and dialogue[0][0].encode() in output:
            time.sleep(0.2)              # a shell prints its prompt just before it reads
            os.write(master, dialogue.pop(0)[1].encode())
    try:
        process.wait(max(1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise Failure(f"the terminal session was closed, but its program goes on; output {output[-500:]!r}") from None
    return output


def until(condition, what, timeout=10, step=0.1):
    """Calls condition() until it returns something true, and returns that. A Failure of condition() counts as "not yet"."""
    timeout *= session.patience
    deadline = time.monotonic() + timeout
    while True:
        try:
            found = condition()
        except Failure as failure:
            found, reason = None, failure
        else:
            reason = f"last {found!r}"
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failure(f"no {what} within {timeout} s: {reason}")
        time.sleep(step)


def at_once(count, function):
    """Calls function(0) to function(count - 1) at the same time. Returns their results in this order."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count)))
