"""Docker: networks and shared namespaces."""

from clients.docker import GATEWAY, IMAGE, docker
from harness.commands import execute, expect, until
from harness.host import namespace, parent_of_macvlan
from harness.services import BALANCES_LOAD, SERVES_A_PAGE, expect_page, free_port

from .docker_engine import engine


def _fetch(host, *options):
    return docker.run(*options, IMAGE, "wget", "-qO-", f"http://{host}/").includes("served-page")


@engine.check
def no_network():
    result = docker.run("--network", "none", IMAGE, "ip", "-o", "link")
    expect(len(result.output.splitlines()) == 1 and " lo: " in result.output, result)


@engine.check
def host_network():
    docker.run("--network", "host", IMAGE, "readlink", "/proc/self/ns/net").printed(namespace("net") + "\n")


@engine.check
def bridge():
    docker.run(IMAGE, "sh", "-c", f"ip -o -4 addr; ip route; ping -c 1 -W 2 {GATEWAY}").includes(
        "eth0", "10.211.0.", f"default via {GATEWAY}", "1 packets received")


@engine.check
def network_with_names():
    docker("network", "create", "n1")
    try:
        docker("run", "-d", "--name", "server", "--network", "n1", "--network-alias", "web", IMAGE, "sh", "-c", SERVES_A_PAGE)
        for host in ("server", "web"):
            until(lambda: _fetch(host, "--network", "n1"), f"page from {host}")
    finally:
        docker.remove_all()
        docker("network", "rm", "n1")


@engine.check
def network_connected_to_a_running_container():
    docker("network", "create", "n1")
    try:
        docker.run_in_background("c1")
        docker("network", "connect", "n1", "c1")
        docker("exec", "c1", "ip", "-o", "link").includes("eth1")
        docker("network", "disconnect", "n1", "c1")
        docker("exec", "c1", "ip", "-o", "link").lacks("eth1")
    finally:
        docker.remove_all()
        docker("network", "rm", "n1")


@engine.check
def published_port():
    port = free_port()
    docker("run", "-d", "-p", f"127.0.0.1:{port}:80", IMAGE, "sh", "-c", SERVES_A_PAGE)
    expect_page(f"http://127.0.0.1:{port}/")


@engine.check
def network_of_another_container():
    docker("run", "-d", "--name", "server", IMAGE, "sh", "-c", SERVES_A_PAGE)
    until(lambda: _fetch("127.0.0.1", "--network", "container:server"), "page")


@engine.check
def namespaces_of_another_container():
    docker.run_in_background("c1", "--ipc", "shareable")
    docker.run("--pid", "container:c1", "--ipc", "container:c1", IMAGE, "sh", "-c",
               "ps; readlink /proc/self/ns/ipc").includes("tick", namespace("ipc", docker.pid("c1")))


@engine.check
def namespaces_of_the_host():
    docker.run("--pid", "host", "--ipc", "host", "--uts", "host", IMAGE, "sh", "-c",
               "for n in pid ipc uts; do readlink /proc/self/ns/$n; done").printed(
        "".join(namespace(kind) + "\n" for kind in ("pid", "ipc", "uts")))


@engine.check(timeout=120)
def network_behind_a_load_balancer():
    """One name stands for three servers; a container in front of them, with a published port, asks them in turn."""
    port = free_port()
    names = ["one", "two", "three"]

    def answers():
        asked = [execute(["curl", "-sf", "-m", "5", f"http://127.0.0.1:{port}/cgi-bin/ask"], status=None) for _ in range(9)]
        return {answer.output.strip() for answer in asked if answer.status == 0}

    docker("network", "create", "n1")
    try:
        for name in names:
            docker("run", "-d", "--name", name, "--network", "n1", "--network-alias", "backend", IMAGE, "sh", "-c",
                   SERVES_A_PAGE.replace("served-page", name))
        docker("run", "-d", "--name", "balancer", "--network", "n1", "-p", f"127.0.0.1:{port}:80", IMAGE, "sh", "-c",
               BALANCES_LOAD)
        until(lambda: answers() == set(names), "answer of each server", 20)
        docker("stop", "-t", "1", "two")
        until(lambda: answers() == {"one", "three"}, "answers of the two others alone", 20)
        docker("start", "two")
        until(lambda: answers() == set(names), "answer of the server that is back", 20)
    finally:
        docker.remove_all()
        docker("network", "rm", "n1")


@engine.check
def macvlan():
    """The containers have addresses of their own on the network of the parent device."""
    with parent_of_macvlan("parent0"):
        docker("network", "create", "-d", "macvlan", "-o", "parent=parent0", "--subnet", "10.218.1.0/24", "n1")
        try:
            docker("run", "-d", "--network", "n1", "--ip", "10.218.1.10", "--mac-address", "02:42:0a:da:01:0a", IMAGE, "sh",
                   "-c", SERVES_A_PAGE)
            until(lambda: _fetch("10.218.1.10", "--network", "n1", "--ip", "10.218.1.11"), "page from the other container")
            docker.run("--network", "n1", "--mac-address", "02:42:0a:da:01:0b", IMAGE, "sh", "-c",
                       "cat /sys/class/net/eth0/address; ip -o -4 addr").includes("02:42:0a:da:01:0b\n", "10.218.1.")
        finally:
            docker.remove_all()
            docker("network", "rm", "n1")
