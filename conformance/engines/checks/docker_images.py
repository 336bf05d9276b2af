"""Docker: building images, and making images and archives from containers."""

import hashlib
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


# Writes more than the container may have in memory, and as many processes as it may have stay.
WRITES_MUCH = "dd if=/dev/urandom of={0} bs=64k count=640 2>/dev/null; sha256sum < {0}; sleep 1000 & sleep 1000 & wait"


def _run_limited(*options, file):
    """Starts a container that writes the file and prints its checksum. Returns the checksum."""
    docker("run", "-d", "--name", "c1", "-m", "24m", "--memory-swap", "24m", "--pids-limit", "3", *options, IMAGE, "sh", "-c",
           WRITES_MUCH.format(file))
    docker.wait_for_output("c1", "-")
    return docker.logs("c1").output.split()[0]


def _expect_checksum(path, wanted):
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    expect(found == wanted, f"{path} has another content than the container wrote")


@engine.check(timeout=120)
def commit_and_copy_what_a_limited_container_wrote():
    checksum = _run_limited(file="/written")
    docker("cp", "c1:/written", session.path("tmp", "written"))
    _expect_checksum(session.path("tmp", "written"), checksum)
    docker("cp", session.path("tmp", "written"), "c1:/back")
    docker("commit", "c1", "box:written", timeout=60)
    docker.wait_until("c1", "running 0")
    docker.run("-m", "24m", "box:written", "sh", "-c", "sha256sum < /written; sha256sum < /back").printed(
        f"{checksum}  -\n" * 2)


@engine.check(timeout=120)
def commit_and_copy_what_a_read_only_container_wrote():
    checksum = _run_limited("--read-only", "-v", "/data", file="/data/written")
    docker("cp", "c1:/data/written", session.path("tmp", "written"))
    _expect_checksum(session.path("tmp", "written"), checksum)
    docker("cp", session.path("tmp", "written"), "c1:/refused", status=1).includes("read-only")
    docker("commit", "c1", "box:read-only", timeout=60)
    docker.run("box:read-only", "ls", "/data").printed("")
    docker.run("--volumes-from", "c1", "box:read-only", "sh", "-c", "sha256sum < /data/written").printed(f"{checksum}  -\n")
