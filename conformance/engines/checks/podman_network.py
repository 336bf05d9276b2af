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


def expect_page_in_network(address, create_options=(), run_options=()):
    """Two containers in a network of their own: one gets the page that the other serves at the address."""
    podman("network", "create", *create_options, "n1")
    try:
        podman("run", "-d", "--network", "n1", *run_options, "--name", "server", IMAGE, "sh", "-c", SERVES_A_PAGE)
        until(lambda: podman.run("--network", "n1", IMAGE, "wget", "-qO-", f"http://{address}/").includes("served-page"),
              f"page of {address}")
    finally:
        podman.remove_all()
        podman("network", "rm", "-f", "n1")


@engine.check
def network_with_names():
    expect_page_in_network("server")


@engine.check
def macvlan():
    with parent_of_macvlan("parent1"):
        expect_page_in_network(
            "10.218.2.10", ["-d", "macvlan", "-o", "parent=parent1", "--subnet", "10.218.2.0/24"], ["--ip", "10.218.2.10"])
