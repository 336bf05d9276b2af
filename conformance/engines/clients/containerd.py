"""containerd, and its own client, ctr."""

from harness.commands import execute, execute_on_terminal, expect, until
from harness.daemons import Daemon
from harness.images import make_archive
from harness.machine import RUN
from harness.services import TICKS
from harness.session import session, write

SOCKET = RUN + "/containerd.sock"
SHORT_NAME = "box:1"
IMAGE = "docker.io/library/" + SHORT_NAME
PROGRAMS = ["containerd", "containerd-shim-runc-v2"]

CONFIGURATION = """\
version = 2
root = "{root}"
state = "{run}/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{socket}"
"""

_daemons = []


def containerd():
    """The daemon that ctr and all dockerds share."""
    if not _daemons:
        _daemons.append(Daemon("containerd", ["containerd", "-c", session.path("containerd.toml"), "-l", "info"],
                               lambda: execute(["ctr", "-a", SOCKET, "version"], timeout=5)))
    return _daemons[0]


def start_containerd():
    write(session.path("containerd.toml"),
          CONFIGURATION.format(root=session.path("containerd"), run=RUN, socket=SOCKET))
    containerd().start()


def ctr(*arguments, **options):
    return execute(["ctr", "-a", SOCKET, "-n", session.name, *arguments], **options)


def ctr_on_terminal(*arguments):
    return execute_on_terminal(["ctr", "-a", SOCKET, "-n", session.name, *arguments])


def of_runtime(*options):
    return ["--runc-binary", session.runtime, *options]


def run(*arguments, **options):
    """`ctr run --rm` with these options, image, id and command."""
    return ctr("run", "--rm", *of_runtime(*arguments), **options)


def run_in_background(container, *options):
    ctr("run", "-d", *of_runtime(*options, IMAGE, container, "sh", "-c", TICKS))
    until(lambda: state(container) == "RUNNING", f"running {container}", 5)


def _tasks():
    return {line.split()[0]: line.split()[1:] for line in ctr("task", "ls").output.splitlines()[1:]}


def state(container):
    """Returns the state of the container's task, such as RUNNING; None if it has no task."""
    return _tasks().get(container, [None, None])[1]


def pid(container):
    return int(_tasks()[container][0])


def remove_all():
    for container in ctr("containers", "ls", "-q").output.split():
        ctr("task", "delete", "-f", container, status=None)
        ctr("containers", "rm", container, status=None)
    left = ctr("containers", "ls", "-q").output.split()
    expect(not left, f"ctr can't remove {left}")


def set_up():
    start_containerd()
    archive = session.path("tmp", "image.tar")
    make_archive(archive, SHORT_NAME)
    ctr("images", "import", archive, timeout=60)
    ctr("images", "ls", "-q").includes(IMAGE)
