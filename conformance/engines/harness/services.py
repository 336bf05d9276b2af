"""Programs that the containers run, and functions that look at them from outside."""

import re
import socket

from .commands import execute, expect, pause, until
from .session import read, session

# Serves a page on port 80.
SERVES_A_PAGE = "mkdir -p /w; echo served-page > /w/index.html; exec httpd -f -p 80 -h /w"
# Serves http://HOST/cgi-bin/ask on port 80: the page of a server that it chooses among those with the name "backend".
BALANCES_LOAD = r"""mkdir -p /w/cgi-bin; cat > /w/cgi-bin/ask <<'END'
#!/bin/sh
set -- $(nslookup backend | sed -n '/^Name:/,$s/^Address.*: *//p' | sort)
asked=$(($(cat /asked) + 1)); echo $asked > /asked
shift $((asked % $#))
printf 'Content-Type: text/plain\r\n\r\n'
exec wget -qO- "http://$1/"
END
chmod +x /w/cgi-bin/ask; echo 0 > /asked; exec httpd -f -p 80 -h /w"""
# Prints "ready", then counts. On SIGUSR1 it prints "usr1"; on SIGTERM it exits with status 3.
TICKS = ('trap "exit 3" TERM; trap "echo usr1" USR1; echo ready; '
         'i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.2; done')
# Looks at the size repeatedly: the engine sets it only after the program has started.
SHOWS_TERMINAL_SIZE = ('tty; for i in 1 2 3 4 5 6 7 8 9 10; do s=$(stty size 2>/dev/null); [ "$s" = "33 101" ] && break; '
                       'sleep 0.2; done; echo "size=$s"')
ENDS_ON_CONTROL_C = 'trap "echo interrupted; exit 9" INT; echo waiting; while :; do sleep 0.1; done'
USES_UP_MEMORY = 'x=$(head -c 60000000 /dev/zero | tr "\\0" x); echo survived'


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def expect_page(url, timeout=10, namespace_of=None):
    """Waits until curl gets the page, in the network namespace of the process `namespace_of` if that is given."""
    enter = ["nsenter", "--net", f"--target={namespace_of}"] if namespace_of else []
    until(lambda: execute([*enter, "curl", "-sf", "-m", str(2 * session.patience), url]).includes("served-page"), f"page from {url}", timeout, 0.2)


def _context_switches(pid):
    return re.findall(r"ctxt_switches:\s+(\d+)", read(f"/proc/{pid}/status"))


def expect_frozen(pid):
    """Expects that a process that runs TICKS makes no context switch for a while."""
    before = _context_switches(pid)
    pause(0.8)
    expect(_context_switches(pid) == before, "the container's process goes on")


def expect_going_on(pid):
    before = _context_switches(pid)
    until(lambda: _context_switches(pid) != before, "sign of life of the container's process", 5)
