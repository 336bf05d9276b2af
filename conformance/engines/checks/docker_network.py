"""Docker: networks and shared namespaces."""

from clients.docker import GATEWAY, IMAGE, docker
from harness.commands import expect, until
from harness.host import namespace
from harness.services import SERVES_A_PAGE, expect_page, free_port

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
