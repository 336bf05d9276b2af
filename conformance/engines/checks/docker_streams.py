"""Docker: standard input and output, and terminals."""

import hashlib
import os

from clients.docker import IMAGE, docker
from harness.commands import expect
from harness.services import ENDS_ON_CONTROL_C, SHOWS_TERMINAL_SIZE

from .docker_engine import engine


@engine.check
def terminal():
    docker.on_terminal("run", "--rm", "-it", IMAGE, "sh", "-c", SHOWS_TERMINAL_SIZE + "; ls -l /dev/console").includes(
        "/dev/pts/0", "size=33 101", "/dev/console")


@engine.check
def terminal_passes_control_c():
    docker.on_terminal("run", "--rm", "-it", IMAGE, "sh", "-c", ENDS_ON_CONTROL_C,
                       dialogue=[("waiting", "\x03")], status=9).includes("interrupted")


@engine.check
def terminal_with_a_shell():
    docker.on_terminal("run", "--rm", "-it", IMAGE, "sh",
                       dialogue=[("# ", "echo A$((1+1))B\n"), ("A2B", "exit 4\n")], status=4)


@engine.check
def terminal_can_be_left_and_attached_again():
    # Control-P, Control-Q is Docker's own sequence.
    docker.on_terminal("run", "-it", "--name", "c1", IMAGE, "sh", dialogue=[("# ", "\x10\x11")])
    docker.wait_until("c1", "true", "{{.State.Running}}")
    docker.on_terminal("attach", "c1", dialogue=[("", "echo A$((1+1))B\n"), ("A2B", "exit 4\n")], status=4)


@engine.check
def input():
    docker.run("-i", IMAGE, "cat", stdin="hello\n").printed("hello\n")
    data = os.urandom(3 << 20)
    docker.run("-i", IMAGE, "md5sum", stdin=data).includes(hashlib.md5(data).hexdigest())


@engine.check
def much_output():
    result = docker.run(IMAGE, "sh", "-c", 'head -c 20000000 /dev/zero | tr "\\0" x', timeout=50)
    expect(len(result.output) == 20000000, f"{len(result.output)} bytes, not 20000000")


@engine.check
def errors_apart_from_output():
    result = docker.run(IMAGE, "sh", "-c", "echo out; echo err >&2")
    expect((result.output, result.errors) == ("out\n", "err\n"), result)


@engine.check
def detached_with_logs_and_wait():
    docker("run", "-d", "--name", "c1", IMAGE, "sh", "-c", "echo one; echo two >&2; sleep 1; exit 5")
    expect(docker.inspect("c1", "{{.State.Running}}") == "true", "it doesn't run")
    docker("wait", "c1").printed("5\n")
    result = docker.logs("c1")
    expect((result.output, result.errors) == ("one\n", "two\n"), result)


@engine.check
def created_then_attached():
    docker("create", "-i", "--name", "c1", IMAGE, "sh", "-c", "read x; echo got $x; exit 6")
    docker.wait_until("c1", "created 0")
    docker("start", "-ai", "c1", status=6, stdin="word\n").printed("got word\n")
