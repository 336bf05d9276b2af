"""Containers with a terminal: the runtime sends its master end to a socket."""

import os
import select
import socket
import time

from .containers import Container
from .session import session
from .verdicts import Failure


def create_with_terminal(case, config):
    """Calls `create` with a console socket. Returns the result, the container, and the terminal's master end or None."""
    id, folder = case.prepare(config)
    path = os.path.join(folder, "console")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(0.5)
        result = case.call("create", "--bundle", folder, "--console-socket", path, id)
        terminal = None
        if result.status == 0:
            try:
                connection, _ = listener.accept()
                with connection:
                    terminal = socket.recv_fds(connection, 4096, 1)[1][0]
            except (OSError, IndexError):
                raise Failure("the terminal's master end at the console socket", "nothing") from None
            case.at_end.append(lambda: os.close(terminal))
    return result, Container(case, id, folder), terminal


def read_terminal(terminal, until, timeout=5):
    """Returns what the container writes to its terminal, up to a text."""
    seen, deadline = "", time.monotonic() + timeout * session.patience
    while until not in seen:
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            raise Failure(f"{until!r} on the terminal", repr(seen))
        try:
            seen += os.read(terminal, 4096).decode(errors="replace")
        except OSError:                  # EIO: the container has closed the other end
            raise Failure(f"{until!r} on the terminal", repr(seen)) from None
    return seen
