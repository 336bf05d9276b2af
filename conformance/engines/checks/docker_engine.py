"""The engine that all docker_* files add their checks to."""

from clients.docker import PROGRAMS, docker, set_up
from harness.checks import Engine

engine = Engine("docker", [*PROGRAMS, "curl", "iptables"], set_up, clean_up=docker.remove_all)
