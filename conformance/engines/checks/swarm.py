"""Docker's swarm mode, with one node: services, scaled and updated."""

import json
import os
import re

from clients.docker import IMAGE, PROGRAMS, docker, set_up
from harness.checks import Engine
from harness.commands import Skip, execute, expect, until
from harness.services import SERVES_A_PAGE, TICKS, expect_page, free_port

from .docker_daemons import expect_nothing_left

# The time limit for `docker service`, in seconds: it returns when the service has converged.
CONVERGES = 60


def _join():
    set_up()
    docker("swarm", "init", "--advertise-addr", "127.0.0.1", timeout=60)


def _remove_services():
    services = docker("service", "ls", "-q").output.split()
    if services:
        docker("service", "rm", *services)
    until(lambda: docker("ps", "-q", "--filter", "label=com.docker.swarm.service.name").printed(""),
          "end of the services' containers", 30, 0.3)
    # Swarm keeps some containers that have ended, to show their logs.
    docker.remove_all()


def _leave():
    docker("swarm", "leave", "--force")


engine = Engine("swarm", [*PROGRAMS, "curl", "iptables"], _join, _remove_services, _leave)


def _create(name, *options, script=TICKS, replicas=2):
    # --no-resolve-image: there is no registry.
    docker("service", "create", "-q", "--no-resolve-image", "--name", name, "--replicas", str(replicas),
           "--stop-grace-period", "3s", *options, IMAGE, "sh", "-c", script, timeout=CONVERGES)


def _containers(name):
    return docker("ps", "-q", "--filter", f"label=com.docker.swarm.service.name={name}").output.split()


def _expect_running(name, count):
    """Waits until the service has `count` running containers, and returns them."""
    def count_them():
        found = _containers(name)
        expect(len(found) == count, f"{len(found)} of them")
        return True
    until(count_them, f"{count} containers of {name}", 30)
    return _containers(name)


@engine.check(timeout=120)
def service():
    _create("s1")
    containers = _expect_running("s1", 2)
    for container in containers:
        docker.wait_until(container, "under-test running", "{{.HostConfig.Runtime}} {{.State.Status}}")
        docker.wait_for_output(container, "ready")
        docker("exec", container, "echo", "in").printed("in\n")
    docker("service", "ls", "--format", "{{.Name}} {{.Replicas}}").printed("s1 2/2\n")
    until(lambda: docker("service", "logs", "s1").includes("ready"), "the service's logs")
    docker("service", "rm", "s1")
    until(lambda: not _containers("s1"), "end of its containers", 30)


@engine.check(timeout=200)
def scale_up_and_down():
    _create("s1", replicas=1)
    for replicas in (3, 1, 0):
        docker("service", "scale", f"s1={replicas}", timeout=CONVERGES)
        _expect_running("s1", replicas)


@engine.check(timeout=200)
def rolling_update():
    _create("s1", "--update-delay", "0s")
    before = _expect_running("s1", 2)
    docker("service", "update", "-q", "--env-add", "A=b", "s1", timeout=CONVERGES)
    after = _expect_running("s1", 2)
    expect(not set(before) & set(after), "a container was kept")
    docker("exec", after[0], "sh", "-c", "echo $A").printed("b\n")
    docker("tag", IMAGE, "box:2")
    docker("service", "update", "-q", "--no-resolve-image", "--image", "box:2", "--update-order", "start-first", "s1",
           timeout=CONVERGES)
    for container in _expect_running("s1", 2):
        docker.wait_until(container, "box:2", "{{.Config.Image}}")
    docker("service", "rollback", "-q", "s1", timeout=CONVERGES)
    for container in _expect_running("s1", 2):
        docker.wait_until(container, IMAGE, "{{.Config.Image}}")


@engine.check(timeout=120)
def update_that_fails_is_rolled_back():
    _create("s1", "--update-failure-action", "rollback", "--update-monitor", "2s", replicas=1)
    docker("service", "update", "--args", "nosuchprogram", "--restart-max-attempts", "1", "-d", "s1")
    until(lambda: docker("service", "inspect", "-f", "{{.UpdateStatus.State}}", "s1").printed("rollback_completed\n"),
          "rollback", 60, 0.5)
    container, = _expect_running("s1", 1)
    docker.wait_for_output(container, "ready")
    docker("service", "ps", "--no-trunc", "--format", "{{.Error}}", "s1").matches("nosuchprogram.*not found")


@engine.check(timeout=120)
def containers_that_end_are_replaced():
    _create("s1", "--restart-delay", "0s", replicas=1)
    first, = _expect_running("s1", 1)
    docker("kill", first)
    until(lambda: _containers("s1") and _containers("s1") != [first], "another container", 30)


@engine.check(timeout=120)
def limits_secrets_and_health():
    docker("secret", "create", "secret1", "-", stdin="kept secret\n")
    try:
        _create("s1", "--limit-memory", "32m", "--limit-pids", "50", "--secret", "secret1", "--health-cmd", "true",
                "--health-interval", "0.5s", "--read-only", "--user", "app", replicas=1)
        container, = _expect_running("s1", 1)
        docker("exec", container, "cat", "/run/secrets/secret1").printed("kept secret\n")
        docker.wait_until(container, "healthy 33554432 50", "{{.State.Health.Status}} {{.HostConfig.Memory}} "
                                                            "{{.HostConfig.PidsLimit}}")
    finally:
        _remove_services()
        docker("secret", "rm", "secret1")


@engine.check(timeout=120)
def published_on_the_node():
    port = free_port()
    _create("s1", "--publish", f"mode=host,published={port},target=80", script=SERVES_A_PAGE, replicas=1)
    expect_page(f"http://127.0.0.1:{port}/", 20)


@engine.check(timeout=120)
def published_through_the_ingress_network():
    if not os.path.exists("/proc/sys/net/ipv4/vs"):      # dockerd has tried to load the modules by now
        raise Skip("the kernel has no IP virtual server, which balances the load of a service")
    port = free_port()
    _create("s1", "--publish", f"{port}:80", script=SERVES_A_PAGE)
    address = json.loads(execute(["ip", "-j", "-4", "addr", "show", "docker_gwbridge"]).output)[0]["addr_info"][0]["local"]
    expect_page(f"http://{address}:{port}/", 20)


@engine.check(timeout=120)
def found_by_name_in_an_overlay_network():
    docker("network", "create", "-d", "overlay", "--attachable", "overlay1")
    try:
        # dnsrr: the name stands for the containers' addresses. The default, a virtual address, needs the IP virtual server.
        _create("s1", "--network", "overlay1", "--endpoint-mode", "dnsrr", script=SERVES_A_PAGE)
        docker("run", "-d", "--name", "c1", "--network", "overlay1", IMAGE, "sleep", "100")
        found = re.findall(r"^Name:\ts1\nAddress: (\S+)", docker("exec", "c1", "nslookup", "s1").output, re.M)
        expect(len(found) == 2, f"the name stands for {found}")
        for address in found:
            # With the host's curl: wget of the static busybox crashes in such a network.
            expect_page(f"http://{address}/", namespace_of=docker.pid("c1"))
    finally:
        _remove_services()
        docker("network", "rm", "overlay1")


@engine.check(timeout=90)
def nothing_is_left():
    _remove_services()
    expect_nothing_left()
