"""Docker: building images, and making images and archives from containers."""

import tarfile

from clients.docker import IMAGE, docker
from harness.commands import expect
from harness.session import session, write

from .docker_engine import engine

DOCKERFILE = """\
FROM box:1 AS one
ENV X=1
RUN echo hi > /hi && id && test "$X" = 1
RUN ["/bin/sh", "-c", "mkdir /d; echo $0 > /d/e"]
FROM box:1
WORKDIR /w
COPY f /w/f
COPY --from=one /hi /hi
USER app
RUN cat /w/f; test $(id -u) = 1000
CMD cat /hi /w/f
"""


@engine.check(timeout=120)
def build():
    folder = session.new_folder("docker-build")
    write(folder + "/f", "file\n")
    write(folder + "/Dockerfile", DOCKERFILE)
    docker("build", "--network", "none", "-t", "box:built", folder, timeout=100).includes("Successfully built")
    docker.run("box:built").printed("hi\nfile\n")
    write(folder + "/Dockerfile", "FROM box:1\nRUN exit 9\n")
    docker("build", "--network", "none", folder, status=None).failed().includes("returned a non-zero code: 9")


@engine.check
def difference_and_commit():
    docker.run_in_background("c1")
    docker("exec", "c1", "sh", "-c", "echo new > /newfile")
    docker("diff", "c1").includes("A /newfile")
    docker("commit", "c1", "box:commit")
    docker.wait_until("c1", "running 0")     # commit pauses it for a while
    docker.run("box:commit", "cat", "/newfile").printed("new\n")


@engine.check(timeout=120)
def save_load_and_export():
    docker("save", "-o", session.path("tmp", "saved.tar"), IMAGE)
    docker("load", "-i", session.path("tmp", "saved.tar")).includes(IMAGE)
    docker.run_in_background("c1")
    docker("export", "-o", session.path("tmp", "exported.tar"), "c1")
    with tarfile.open(session.path("tmp", "exported.tar")) as archive:
        expect("bin/busybox" in archive.getnames(), "the exported root file system lacks bin/busybox")
