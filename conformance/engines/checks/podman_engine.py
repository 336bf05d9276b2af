"""The engine that all podman_* files add their checks to."""

from clients.podman import PROGRAMS, podman
from harness.checks import Engine

engine = Engine("podman", PROGRAMS, podman.configure, podman.remove_all)
