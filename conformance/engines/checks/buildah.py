"""buildah with isolation "oci": it runs containers with the runtime."""

import os

from clients.buildah import IMAGE, PROGRAMS, build, buildah, run, run_on_terminal, set_up, working_container
from clients.podman import podman
from harness.checks import Engine
from harness.commands import expect
from harness.host import namespace
from harness.session import read, session, write

engine = Engine("buildah", PROGRAMS, set_up)


@engine.check
def run_prints_and_ends():
    run(working_container(), "echo", "hi").printed("hi\n")
    run(working_container(), "sh", "-c", "exit 7", status=7)
    run(working_container(), "cat", stdin="abc\n").printed("abc\n")


@engine.check
def runtime_of_the_environment():
    recorder = session.new_file("named-in-the-environment", f"#!/bin/sh\necho $1 >> $0.calls\nexec {session.runtime} \"$@\"\n")
    os.chmod(recorder, 0o755)
    buildah("run", working_container(), "echo", "hi", variables={"BUILDAH_RUNTIME": recorder}).printed("hi\n")
    expect("create" in read(recorder + ".calls"), "buildah used another runtime")


@engine.check
def terminal():
    run_on_terminal("-t", working_container(), "tty").includes("/dev/pts/0")


@engine.check
def missing_program():
    run(working_container(), "nosuchprogram", status=None).failed().matches("nosuchprogram.*(not found|no such file)")


@engine.check
def user_folder_and_environment():
    run("--user", "app", "--workingdir", "/tmp", "--env", "A=b", working_container(), "sh", "-c",
        "id -un; pwd; echo $A").printed("app\n/tmp\nb\n")


@engine.check
def volumes_and_capabilities():
    folder = session.new_folder("buildah-volume")
    write(folder + "/f", "inside\n")
    run("-v", folder + ":/v:ro", "--network", "none", "--cap-drop", "CAP_CHOWN", working_container(), "sh", "-c",
        "cat /v/f; ip -o link | wc -l; chown 1 /bin/sh; touch /v/x", status=1).includes(
        "inside\n1\n", "not permitted", "Read-only")


@engine.check
def networks():
    show = (working_container(), "readlink", "/proc/self/ns/net")
    run("--network", "host", *show).printed(namespace("net") + "\n")
    run("--network", "private", *show).lacks(namespace("net"))


@engine.check
def runtime_flags():
    run("--runtime-flag", "debug", working_container(), "echo", "x").includes("x\n")
    run("--runtime-flag", "log-format=json", working_container(), "echo", "x").includes("x\n")


@engine.check(timeout=100)
def building():
    folder = session.new_folder("buildah-build")
    write(folder + "/f", "file\n")
    write(folder + "/Dockerfile", f"FROM {IMAGE}\nRUN echo hi > /hi\nWORKDIR /w\nCOPY f .\nUSER app\n"
                                  "RUN test $(id -u) = 1000 && cat f\n")
    build(*podman.below("buildah"), "--memory", "64m", "-t", "localhost/box:built", folder).includes(
        "file")
    write(folder + "/Dockerfile", f"FROM {IMAGE}\nRUN exit 9\n")
    build(folder, status=None).failed()
