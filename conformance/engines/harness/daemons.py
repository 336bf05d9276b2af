"""Programs that stay in the background."""

import subprocess

from .commands import end, environment, until
from .session import session


class Daemon:
    """A program that stays in the background and writes to log/NAME.log. answers() tells whether it is ready."""

    def __init__(self, name, command, answers):
        self.name, self.command, self.answers, self.process = name, command, answers, None

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """Starts the daemon, if it doesn't run, and waits until it answers. machine.start_afresh may have killed it."""
        if self.runs:
            return
        with open(session.path("log", self.name + ".log"), "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment(), start_new_session=True)
        until(self.answers, f"answer from {self.name}", 60)

    def stop(self):
        if self.runs:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        if self.process is not None:
            end(self.process)
