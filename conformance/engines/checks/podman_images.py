"""podman: building images, and making images from containers. podman's last check looks for things left behind."""

from clients import registry
from clients.podman import podman
from harness.cgroups import of_containers
from harness.commands import expect, until
from harness.host import processes
from harness.session import read, session, write

from .podman_engine import engine

DOCKERFILE = """\
FROM localhost/box:1
ENV X=1
RUN echo hi > /hi && test "$X" = 1
WORKDIR /w
COPY f /w/f
USER app
RUN cat /w/f; test $(id -u) = 1000
CMD cat /hi /w/f
"""


@engine.check(timeout=100)
def build():
    folder = session.new_folder("podman-build")
    options = ["build", "--isolation", "oci", *podman.below("podman-build"), "--network", "none"]
    write(folder + "/f", "file\n")
    write(folder + "/Dockerfile", DOCKERFILE)
    podman(*options, "-t", "box:built", folder, timeout=80)
    podman.run("box:built").printed("hi\nfile\n")
    write(folder + "/Dockerfile", "FROM localhost/box:1\nRUN exit 9\n")
    podman(*options, folder, status=None).failed().includes("exit status 9")


@engine.check
def copy_difference_and_commit():
    podman.run_in_background("p1")
    podman("exec", "p1", "sh", "-c", "echo new > /newfile")
    podman("cp", "p1:/newfile", session.path("tmp", "newfile"))
    expect(read(session.path("tmp", "newfile")) == "new\n", "the file was copied wrongly")
    podman("diff", "p1").includes("A /newfile")
    podman("commit", "-q", "p1", "box:commit")
    podman.run("box:commit", "cat", "/newfile").printed("new\n")


@engine.check(timeout=120)
def registry_with_login():
    address = registry.start()
    image, plain = f"{address}/team/box:pushed", "--tls-verify=false"
    podman("tag", "localhost/box:1", image)
    podman("login", plain, "-u", registry.USER, "--password-stdin", address, stdin="wrong", status=None).failed()
    podman("login", plain, "-u", registry.USER, "--password-stdin", address, stdin=registry.PASSWORD).includes(
        "Login Succeeded")
    try:
        podman("push", plain, image, timeout=60)
        podman("rmi", image)
        podman.run(plain, image, "echo", "pulled", timeout=60).printed("pulled\n")
    finally:
        podman("logout", address)
        podman("rmi", "-f", image, status=None)
    podman("pull", plain, image, status=None, timeout=60).failed().matches("unauthorized|authentication required")


@engine.check
def nothing_is_left():
    podman.remove_all()

    def look():
        left = of_containers("libpod-", "libpod")
        left += processes(lambda arguments: arguments[:1] == ["/usr/bin/conmon"]).values()
        expect(not left, f"{len(left)} things: {left[:5]}")
        return True
    until(look, "clean machine", 6, 0.3)
