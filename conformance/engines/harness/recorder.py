"""A program that takes the runtime's place, records how engines call the runtime, and then executes the runtime."""

import os

from .session import read, session, write

PROGRAM = '''#!/usr/bin/python3 -IS
import fcntl, os, shlex, sys

def read(path):
    with open(path, "rb") as file:
        return file.read()

def words(path):
    return " ".join(shlex.quote(word.decode(errors="replace")) for word in read(path).split(b"\\0")[:-1])

files = " ".join(number + "=" + os.readlink("/proc/self/fd/" + number) for number in os.listdir("/proc/self/fd")
                 if os.path.exists("/proc/self/fd/" + number))
with open({record!r}, "a") as record:
    fcntl.flock(record, fcntl.LOCK_EX)
    caller = words("/proc/%d/cmdline" % os.getppid())
    print("check", read({check!r}).decode(), "caller", caller, "folder", os.getcwd(), file=record)
    print("  arguments", *map(shlex.quote, sys.argv[1:]), file=record)
    print("  environment", words("/proc/self/environ"), file=record)
    print("  files", files, file=record)
# Not os.environ: Python may have added to it.
variables = [variable.split(b"=", 1) for variable in read("/proc/self/environ").split(b"\\0") if b"=" in variable]
os.execve({runtime!r}, [{runtime!r}, *sys.argv[1:]], dict(variables))
'''


def put_before(runtime, record):
    """Puts the program in the runtime's place. The program appends to the file `record`."""
    os.rename(runtime, runtime + ".real")
    write(runtime, PROGRAM.format(record=record, check=session.path("check"), runtime=runtime + ".real"), mode=0o755)
    write(session.path("check"), "none", mode=0o644)
    # Writable for everyone, because rootless engines call the runtime as another user.
    write(record, read(record) if os.path.exists(record) else "", mode=0o666)
