"""Docker: volumes, bind mounts, tmpfs."""

import os

from clients.docker import IMAGE, docker
from harness.commands import execute, until
from harness.session import read, session, write

from .docker_engine import engine


@engine.check
def named_volume():
    docker("volume", "create", "v1")
    docker.run("-v", "v1:/data", IMAGE, "sh", "-c", "echo kept > /data/f")
    docker.run("-v", "v1:/data:ro", IMAGE, "cat", "/data/f").printed("kept\n")
    docker.run("-v", "v1:/data:ro", IMAGE, "touch", "/data/g", status=1).includes("Read-only")
    docker("volume", "rm", "v1")


@engine.check
def bind():
    folder = session.new_folder("bind")
    docker.run("-v", folder + ":/b", IMAGE, "sh", "-c", "echo x > /b/f")
    docker.run("-v", folder + ":/b:ro", IMAGE, "sh", "-c", "cat /b/f; touch /b/g", status=1).includes("x\n", "Read-only")
    docker.run("-v", folder + "/f:/etc/one-file:ro", IMAGE, "cat", "/etc/one-file").printed(read(folder + "/f"))
    docker.run("--mount", f"type=bind,src={folder},dst=/a/b/c", IMAGE, "ls", "/a/b/c/f")


@engine.check
def bind_through_a_link():
    folder = session.new_folder("behind-a-link")
    write(folder + "/f", "in\n")
    docker("run", "--name", "c1", IMAGE, "sh", "-c", "mkdir /real; ln -s /real /link; ln -s /../../../../real /upwards")
    docker("commit", "c1", "box:links")
    docker.run("-v", folder + ":/link", "box:links", "cat", "/real/f").printed("in\n")
    docker.run("-v", folder + ":/upwards", "box:links", "cat", "/real/f").printed("in\n")


@engine.check
def tmpfs():
    docker.run("--tmpfs", "/t:size=1m,mode=1777,noexec", "--mount", "type=tmpfs,dst=/u,tmpfs-size=2097152", IMAGE, "sh", "-c",
               'df -k /t /u; grep " /t " /proc/mounts').matches(r"1024 .*/t$").matches(r"2048 .*/u$").includes("noexec")


@engine.check
def propagation():
    folder = session.new_folder("propagation")
    below = folder + "/below"
    execute(["mount", "-t", "tmpfs", "-o", "size=16m", "outer", folder])
    try:
        execute(["mount", "--make-shared", folder])
        os.makedirs(below)
        bind = f"type=bind,src={folder},dst=/p,bind-propagation="
        docker.run_in_background("c1", "--mount", bind + "rslave")
        docker.run_in_background("c2", "--mount", bind + "rprivate")
        execute(["mount", "-t", "tmpfs", "-o", "size=16m", "inner", below])
        write(below + "/mark", "")
        docker("exec", "c1", "ls", "/p/below/mark")
        docker("exec", "c2", "ls", "/p/below/mark", status=1)
        docker("rm", "-f", "c1", "c2")
        docker("run", "-d", "--name", "c3", "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined",
               "--mount", bind + "rshared", IMAGE, "sh", "-c",
               "mkdir -p /p/up && mount -t tmpfs up /p/up && touch /p/up/mark && sleep 50")
        until(lambda: os.path.exists(folder + "/up/mark"), "mount that was made in the container", 5)
        docker("rm", "-f", "c3")
    finally:
        execute(["umount", "-R", "-l", folder], status=None)


@engine.check
def volumes_from():
    docker("create", "--name", "c1", "-v", "/v", IMAGE, "true")
    docker.run("--volumes-from", "c1", IMAGE, "sh", "-c", "echo a > /v/f")
    docker.run("--volumes-from", "c1", IMAGE, "cat", "/v/f").printed("a\n")


@engine.check
def read_only_root():
    docker.run("--read-only", "--tmpfs", "/tmp", IMAGE, "sh", "-c", "touch /tmp/x && echo written; touch /x", status=1).includes(
        "written", "Read-only")


@engine.check
def copy():
    docker.run_in_background("c1")
    docker("cp", session.new_file("copied", "copied\n"), "c1:/tmp/x")
    docker("exec", "c1", "cat", "/tmp/x").printed("copied\n")
    docker("cp", "c1:/etc/group", session.path("tmp", "group"))
    docker("exec", "c1", "cat", "/etc/group").printed(read(session.path("tmp", "group")))
