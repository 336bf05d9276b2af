"""containerd through ctr: tasks, and operations on them."""

import json

from clients.containerd import (IMAGE, PROGRAMS, ctr, ctr_on_terminal, of_runtime, pid, remove_all, run,
                                run_in_background, set_up, state)
from harness.checks import Engine
from harness.commands import Skip, expect, pause, until
from harness.host import criu_works, lack_of_metrics_skips
from harness.services import SHOWS_TERMINAL_SIZE, expect_frozen, expect_going_on

engine = Engine("ctr", [*PROGRAMS, "ctr"], set_up, remove_all)


def _expect_state(container, wanted):
    def compare():
        found = state(container)
        expect(found == wanted, f"it is {found}")
        return True
    until(compare, f"{wanted} of {container}", 5)


@engine.check
def run_and_remove():
    run(IMAGE, "k1", "echo", "hi").printed("hi\n")
    run(IMAGE, "k1", "sh", "-c", "exit 7", status=7)


@engine.check
def terminal():
    ctr_on_terminal("run", "--rm", "-t", *of_runtime(IMAGE, "k1", "sh", "-c", SHOWS_TERMINAL_SIZE)).includes(
        "/dev/pts/0", "size=33 101")


@engine.check
def input():
    # The shell reads one line only: ctr 1.6 never closes the container's standard input.
    run(IMAGE, "k1", "sh", "-c", "read x; echo got $x", stdin="abc\n").printed("got abc\n")


@engine.check
def missing_program():
    run(IMAGE, "k1", "nosuchprogram", status=1).includes("OCI runtime create failed", "nosuchprogram")
    remove_all()
    run_in_background("k1")              # the id is free again


@engine.check
def task_exec():
    run_in_background("k1")
    ctr("task", "exec", "--exec-id", "e1", "k1", "id").includes("uid=0")
    ctr("task", "exec", "--exec-id", "e2", "--user", "1000", "--cwd", "/tmp", "k1", "sh", "-c", "id -u; pwd").printed(
        "1000\n/tmp\n")
    ctr("task", "exec", "--exec-id", "e3", "k1", "sh", "-c", "exit 5", status=5)
    ctr_on_terminal("task", "exec", "-t", "--exec-id", "e4", "k1", "sh", "-c", "tty; sleep 0.5").includes("/dev/pts/")
    ctr("task", "exec", "--exec-id", "e5", "k1", "nosuchprogram", status=1).includes(
        "OCI runtime exec failed", "nosuchprogram")


@engine.check
def processes_of_a_task():
    run_in_background("k1")
    ctr("task", "ps", "k1").matches(rf"^{pid('k1')}\b")


@engine.check
def metrics():
    run_in_background("k1", "--memory-limit", "67108864")
    with lack_of_metrics_skips():
        figures = json.loads(ctr("task", "metrics", "--format", "json", "k1").output)
        expect(figures.get("pids", {}).get("current", 0) >= 1, str(figures)[:200])
        memory = figures.get("memory", {})
        limit = memory.get("hierarchical_memory_limit", memory.get("usage_limit"))      # cgroup v1, v2
        expect(limit == 67108864, f"the memory limit is {limit}")


@engine.check
def pause_and_resume():
    run_in_background("k1")
    ctr("task", "pause", "k1")
    _expect_state("k1", "PAUSED")
    expect_frozen(pid("k1"))
    ctr("task", "resume", "k1")
    _expect_state("k1", "RUNNING")
    expect_going_on(pid("k1"))


@engine.check
def kill_and_delete():
    run_in_background("k1")
    pause(0.3)                      # until its shell has set the trap
    ctr("task", "kill", "-s", "TERM", "k1")
    _expect_state("k1", "STOPPED")
    ctr("task", "delete", "k1", status=None).includes("exit code 3")
    ctr("containers", "rm", "k1")


@engine.check
def kill_all():
    run_in_background("k1")
    ctr("task", "kill", "--all", "-s", "KILL", "k1")
    _expect_state("k1", "STOPPED")
    ctr("task", "delete", "k1", status=None).includes("exit code 137")


@engine.check
def forced_delete():
    run_in_background("k1")
    ctr("task", "delete", "-f", "k1", status=None)
    expect(state("k1") is None, "the task is still there")


@engine.check
def create_then_start():
    # `containers create` takes no path. It uses the program named runc in containerd's PATH; here that is the runtime.
    ctr("containers", "create", IMAGE, "k1", "cat", "/etc/group")
    ctr("task", "start", "k1").includes("wheel")
    ctr("containers", "create", IMAGE, "k2", "sleep", "50")
    ctr("task", "start", "-d", "k2")
    _expect_state("k2", "RUNNING")


@engine.check
def checkpoint():
    if not criu_works():
        raise Skip("criu check fails on this machine")
    run_in_background("k1")
    ctr("task", "checkpoint", "k1")
