"""podman, run by an ordinary user."""

import os

from clients.podman import IMAGE, PROGRAMS, rootless, set_up_rootless
from harness.checks import Engine
from harness.commands import Failure, Skip, expect, until
from harness.host import has_unified_cgroups, lack_of_capabilities_skips
from harness.machine import ROOTLESS_ID
from harness.services import ENDS_ON_CONTROL_C, SERVES_A_PAGE, TICKS, expect_frozen, expect_going_on, expect_page, free_port

engine = Engine("rootless", [*PROGRAMS, "newuidmap", "newgidmap", "slirp4netns"], set_up_rootless, rootless.remove_all)
WITHOUT_NETWORK = ("--network", "none", IMAGE)


@engine.check(timeout=120)
def run_and_remove():
    rootless.run(*WITHOUT_NETWORK, "sh", "-c", "id -u; cat /proc/self/uid_map; echo $$").matches(
        rf"\A0\n\s*0\s+{ROOTLESS_ID}\s+1\n(.*\n)*1\n\Z")
    rootless.run(*WITHOUT_NETWORK, "sh", "-c", "exit 7", status=7)
    rootless.run("--network", "host", "--user", "app", IMAGE, "id").includes("uid=1000(app)")
    rootless.expect_none()


@engine.check(timeout=120)
def missing_program():
    rootless.run(*WITHOUT_NETWORK, "nosuchprogram", status=127).includes("nosuchprogram")
    rootless.run(*WITHOUT_NETWORK, "/etc/passwd", status=126)
    rootless.expect_none()


@engine.check(timeout=120)
def terminal():
    rootless.on_terminal("run", "--rm", "-it", *WITHOUT_NETWORK, "tty").includes("/dev/pts/0")
    rootless.on_terminal("run", "--rm", "-it", *WITHOUT_NETWORK, "sh", "-c", ENDS_ON_CONTROL_C,
                         dialogue=[("waiting", "\x03")], status=9)


@engine.check(timeout=120)
def life():
    rootless.run_in_background("r1", "--network", "none")
    rootless("top", "r1").includes("tick")
    rootless("kill", "-s", "USR1", "r1")
    rootless.wait_for_output("r1", "usr1")
    rootless("stop", "-t", "4", "r1")
    rootless.expect_state("r1", "exited 3")
    rootless("start", "r1")
    rootless.expect_state("r1", "running 0")
    rootless("rm", "-f", "-t", "0", "r1")


@engine.check(timeout=120)
def exec_prints_and_ends():
    rootless.run_in_background("r1", "--network", "none")
    rootless("exec", "r1", "id").includes("uid=0")
    rootless("exec", "-u", "app", "-w", "/tmp", "r1", "sh", "-c", "id -un; pwd").printed("app\n/tmp\n")
    rootless("exec", "r1", "sh", "-c", "exit 4", status=4)
    rootless("exec", "r1", "nosuchprogram", status=127)
    rootless.on_terminal("exec", "-it", "r1", "tty").includes("/dev/pts/")


@engine.check(timeout=120)
def published_port():
    port = free_port()
    rootless("run", "-d", "-p", f"127.0.0.1:{port}:80", IMAGE, "sh", "-c", SERVES_A_PAGE)
    expect_page(f"http://127.0.0.1:{port}/")


@engine.check(timeout=120)
def security():
    rootless.run("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", *WITHOUT_NETWORK, "sh", "-c",
                 'grep -E "CapEff|NoNew|Seccomp:" /proc/self/status; touch /x', status=1).includes(
        "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", "Read-only")


@engine.check(timeout=120)
def volume():
    folder = rootless.home + "/volume"
    os.mkdir(folder)
    os.chown(folder, ROOTLESS_ID, ROOTLESS_ID)
    rootless.run("-v", folder + ":/v", *WITHOUT_NETWORK, "sh", "-c", "echo x > /v/f")
    expect(os.stat(folder + "/f").st_uid == ROOTLESS_ID, "the file belongs to another user")


@engine.check(timeout=120)
def own_id_is_kept():
    rootless.run("--userns", "keep-id", *WITHOUT_NETWORK, "id", "-u").printed(f"{ROOTLESS_ID}\n")


@engine.check(timeout=120)
def privileged():
    with lack_of_capabilities_skips():
        rootless.run("--privileged", *WITHOUT_NETWORK, "sh", "-c", "mkdir -p /m && mount -t tmpfs t /m && echo mounted").printed(
            "mounted\n")


@engine.check(timeout=120)
def pod():
    rootless("pod", "create", "--name", "pod1", "--share", "net,ipc,uts", "--network", "none")
    rootless("run", "-d", "--pod", "pod1", "--name", "w1", IMAGE, "sh", "-c", SERVES_A_PAGE)
    until(lambda: rootless.run("--pod", "pod1", IMAGE, "wget", "-qO-", "http://127.0.0.1/").includes("served-page"),
          "page in the pod")
    rootless("pod", "rm", "-f", "-t", "0", "pod1")


@engine.check(timeout=120)
def health_check():
    rootless("run", "-d", "--name", "r1", "--health-cmd", "true", "--health-interval", "disable", *WITHOUT_NETWORK,
             "sleep", "100")
    rootless("healthcheck", "run", "r1")


@engine.check(timeout=120)
def pause_and_unpause():
    rootless("run", "-d", "--name", "r1", *WITHOUT_NETWORK, "sh", "-c", TICKS)
    try:
        rootless("pause", "r1")
    except Failure as failure:
        if has_unified_cgroups():
            raise
        raise Skip(f"without cgroup v2 a user has no cgroup to freeze: {str(failure)[-160:]}") from None
    rootless.expect_state("r1", "paused 0")
    expect_frozen(rootless.pid("r1"))
    rootless("unpause", "r1")
    rootless.expect_state("r1", "running 0")
    expect_going_on(rootless.pid("r1"))
