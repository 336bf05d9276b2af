"""podman: networks."""

from clients.podman import IMAGE, podman
from harness.commands import expect, until
from harness.host import namespace, parent_of_macvlan
from harness.services import SERVES_A_PAGE, expect_page, free_port

from .podman_engine import engine


@engine.check
def no_network():
    result = podman.run("--network", "none", IMAGE, "ip", "-o", "link")
    expect(len(result.output.splitlines()) == 1, result)


@engine.check
def host_network():
    podman.run("--network", "host", IMAGE, "readlink", "/proc/self/ns/net").printed(namespace("net") + "\n")


@engine.check
def published_port():
    port = free_port()
    podman("run", "-d", "--name", "server", "-p", f"127.0.0.1:{port}:80", IMAGE, "sh", "-c", SERVES_A_PAGE)
    expect_page(f"http://{podman.inspect('server', '{{.NetworkSettings.IPAddress}}')}/")
    expect_page(f"http://127.0.0.1:{port}/")


@engine.check
def network_with_names():
    podman("network", "create", "n1")
    try:
        podman("run", "-d", "--network", "n1", "--name", "server", IMAGE, "sh", "-c", SERVES_A_PAGE)
        until(lambda: podman.run("--network", "n1", IMAGE, "wget", "-qO-", "http://server/").includes("served-page"),
              "page by name")
    finally:
        podman.remove_all()
        podman("network", "rm", "-f", "n1")


@engine.check
def macvlan():
    with parent_of_macvlan("parent1"):
        podman("network", "create", "-d", "macvlan", "-o", "parent=parent1", "--subnet", "10.218.2.0/24", "n1")
        try:
            podman("run", "-d", "--network", "n1", "--ip", "10.218.2.10", IMAGE, "sh", "-c", SERVES_A_PAGE)
            until(lambda: podman.run("--network", "n1", IMAGE, "wget", "-qO-", "http://10.218.2.10/").includes("served-page"),
                  "page from the other container")
        finally:
            podman.remove_all()
            podman("network", "rm", "-f", "n1")
