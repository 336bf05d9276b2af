"""docker compose: applications of several services, described in one file. `docker-compose` is Debian's package."""

import json

from clients.docker import IMAGE, PROGRAMS, docker, set_up
from harness.checks import Engine
from harness.commands import environment, execute, expect, until
from harness.host import MEMORY_LIMIT, PIDS_LIMIT, cgroup_files
from harness.services import SERVES_A_PAGE, expect_page, free_port
from harness.session import session, write

PROJECT = "shop"


def _remove_all():
    docker.remove_all()
    for kind in "network", "volume":
        names = docker(kind, "ls", "-q", "--filter", f"label=com.docker.compose.project={PROJECT}").output.split()
        if names:
            docker(kind, "rm", *names)


engine = Engine("compose", [*PROGRAMS, "docker-compose", "curl"], set_up, _remove_all)


def _application(services, **more):
    """Writes the file that describes the services. Returns a function that calls docker-compose on it."""
    folder = session.new_folder(PROJECT)
    # JSON is also YAML. Version 1 of docker-compose wants a version.
    write(folder + "/docker-compose.yml", json.dumps({"version": "2.4", "services": services, **more}))
    # Only the old builder uses the configured runtime.
    variables = environment(DOCKER_HOST="unix://" + docker.socket, DOCKER_BUILDKIT="0", COMPOSE_DOCKER_CLI_BUILD="0",
                            COMPOSE_ANSI="never")

    def compose(*arguments, timeout=60, **options):
        return execute(["docker-compose", "-p", PROJECT, *arguments], env=variables, folder=folder, timeout=timeout, **options)
    return compose


def _identifier(compose, service):
    return compose("ps", "-q", service).output.strip()


@engine.check(timeout=200)
def services_up_and_down():
    port = free_port()
    compose = _application({
        "web": {"image": IMAGE, "command": ["sh", "-c", SERVES_A_PAGE], "ports": [f"127.0.0.1:{port}:80"], "mem_limit": "64m",
                "pids_limit": 50, "restart": "always", "healthcheck": {"test": ["CMD", "wget", "-qO-", "http://127.0.0.1/"],
                                                                      "interval": "1s", "timeout": "30s"}},
        "reader": {"image": IMAGE, "command": ["sh", "-c", "wget -qO- http://web/ > /data/page; echo read; sleep 1000"],
                   "volumes": ["pages:/data"], "init": True, "user": "0:0",
                   "depends_on": {"web": {"condition": "service_healthy"}}},
    }, volumes={"pages": {}})
    compose("up", "-d", timeout=150)
    expect_page(f"http://127.0.0.1:{port}/")
    web = _identifier(compose, "web")
    expect(docker.inspect(web, "{{.HostConfig.Runtime}}") in ("runc", "under-test"), "another runtime")
    compose("exec", "-T", "web", "sh", "-c", cgroup_files(MEMORY_LIMIT, PIDS_LIMIT)).printed("67108864\n50\n")
    compose("exec", "-T", "web", "sh", "-c", "exit 7", status=7)
    until(lambda: compose("logs", "reader").includes("read"), "the reader's log")
    docker.run("-v", f"{PROJECT}_pages:/data:ro", IMAGE, "cat", "/data/page").printed("served-page\n")
    compose("restart", "-t", "1", "web")
    expect_page(f"http://127.0.0.1:{port}/")
    compose("pause", "web")
    docker.wait_until(web, "paused 0")
    compose("unpause", "web")
    compose("down", "-v", "-t", "1")
    docker.expect_none()
    docker("network", "ls", "--format", "{{.Name}}").lacks(PROJECT)
    docker("volume", "ls", "-q").lacks(PROJECT)


@engine.check(timeout=200)
def service_that_is_built_and_scaled():
    write(session.new_folder(PROJECT) + "/Dockerfile", f"FROM {IMAGE}\nRUN hostname > /built\nCMD sleep 1000\n")
    compose = _application({"worker": {"build": {"context": ".", "network": "none"}, "image": "box:worker", "read_only": True,
                                       "cap_drop": ["ALL"], "tmpfs": ["/tmp"], "stop_grace_period": "1s"}})
    compose("build", timeout=100)
    for count in (3, 1):
        compose("up", "-d", "--scale", f"worker={count}", timeout=100)
        until(lambda: len(compose("ps", "-q").output.split()) == count, f"{count} containers")
    compose("exec", "-T", "worker", "sh", "-c", "test -s /built && touch /tmp/x && touch /x", status=1).includes("Read-only")
    compose("down", "-t", "1")
    docker.expect_none()


@engine.check(timeout=120)
def one_command_of_a_service():
    compose = _application({"tool": {"image": IMAGE, "environment": {"A": "b"}, "working_dir": "/tmp"}})
    compose("run", "--rm", "-T", "tool", "sh", "-c", "echo $A; pwd; exit 4", status=4).includes("b\n/tmp\n")
    compose("down")
    docker.expect_none()
