"""buildah, with podman's configuration and its own storage."""

from harness.commands import execute, execute_on_terminal
from harness.images import root_tar
from harness.machine import RUN
from harness.session import session

from .podman import podman

IMAGE = "localhost/box:1"
PROGRAMS = ["buildah"]

_containers = []


def working_container():
    """The container that set_up made."""
    return _containers[-1]


def _command(arguments):
    return ["buildah", "--root", session.path("buildah"), "--runroot", RUN + "/buildah", "--storage-driver", "overlay",
            *arguments]


def _run(options):
    return ["run", "--runtime", session.runtime, "--isolation", "oci", *options]


def buildah(*arguments, variables=None, **options):
    """`variables` are added to the environment."""
    return execute(_command(arguments), env={**podman.env, **(variables or {})}, **options)


def run(*arguments, **options):
    """`buildah run` with these options, container and command."""
    return buildah(*_run(arguments), **options)


def run_on_terminal(*arguments):
    return execute_on_terminal(_command(_run(arguments)), env=podman.env)


def build(*arguments, **options):
    return buildah("bud", "--runtime", session.runtime, "--isolation", "oci", *arguments, timeout=80, **options)


def set_up():
    podman.configure()
    container = buildah("from", "scratch").output.strip()
    buildah("add", container, root_tar(), "/")
    buildah("config", "--env", "PATH=/bin:/usr/bin", "--cmd", "sh", container)
    buildah("commit", container, IMAGE, timeout=60)
    _containers.append(container)
