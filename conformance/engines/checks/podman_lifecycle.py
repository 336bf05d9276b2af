"""podman: operations on a running container."""

from clients.podman import IMAGE, podman
from harness.commands import Skip, expect, pause, until
from harness.host import CPU_QUOTA, MEMORY_LIMIT, PIDS_LIMIT, cgroup_files, criu_works, lack_of_metrics_skips
from harness.services import TICKS, expect_frozen, expect_going_on

from .podman_engine import engine


@engine.check
def top():
    podman.run_in_background("p1")
    podman("top", "p1").includes("tick")


@engine.check
def stats():
    podman.run_in_background("p1", "-m", "64m")
    with lack_of_metrics_skips():
        podman("stats", "--no-stream", "--format", "{{.MemUsage}}|{{.PIDs}}", "p1").matches(
            r"^[\d.]+\w+ / 67.11MB\|[1-9]")


@engine.check
def pause_and_unpause():
    podman.run_in_background("p1")
    podman("pause", "p1")
    podman.expect_state("p1", "paused 0")
    expect_frozen(podman.pid("p1"))
    podman("unpause", "p1")
    podman.expect_state("p1", "running 0")
    expect_going_on(podman.pid("p1"))


@engine.check
def signals_and_restart():
    podman.run_in_background("p1")
    podman("kill", "-s", "USR1", "p1")
    podman.wait_for_output("p1", "usr1")
    first = podman.pid("p1")
    podman("restart", "-t", "3", "p1")
    expect(podman.pid("p1") != first, "the same process as before")
    pause(0.3)                      # until its shell has set the trap
    podman("stop", "-t", "5", "p1")
    podman.expect_state("p1", "exited 3")
    podman("start", "p1")
    podman("kill", "p1")
    until(lambda: podman.expect_state("p1", "exited 137"), "end")
    podman("rm", "p1")


@engine.check
def stop_kills_in_the_end():
    podman("run", "-d", "--name", "p1", IMAGE, "sleep", "100")
    podman("stop", "-t", "1", "p1")
    podman.expect_state("p1", "exited 137")


@engine.check
def wait():
    podman("run", "-d", "--name", "p1", IMAGE, "sh", "-c", "sleep 0.5; exit 6")
    podman("wait", "p1").printed("6\n")


@engine.check
def created_and_initialised():
    podman("create", "--name", "p1", IMAGE, "sh", "-c", "echo started; exit 2")
    podman("init", "p1")
    podman.expect_state("p1", "initialized 0")
    podman("start", "-a", "p1", status=2).printed("started\n")
    podman("create", "--name", "p2", IMAGE, "true")
    podman("init", "p2")
    podman("rm", "-f", "-t", "0", "p2")


@engine.check
def attach():
    podman("run", "-d", "-i", "--name", "p1", IMAGE, "sh")
    podman("attach", "p1", stdin="echo attached; exit 5\n", status=None).includes("attached")
    until(lambda: podman.expect_state("p1", "exited 5"), "end")


@engine.check
def update():
    podman("run", "-d", "--name", "p1", "-m", "64m", "--cpus", "0.5", "--pids-limit", "20", IMAGE, "sh", "-c", TICKS)
    show = ["exec", "p1", "sh", "-c", cgroup_files(MEMORY_LIMIT, CPU_QUOTA, PIDS_LIMIT)]
    podman(*show).matches(r"\A67108864\n50000( 100000)?\n20\n")
    podman("update", "--memory", "80m", "--cpus", "0.25", "p1")
    podman(*show).matches(r"\A83886080\n25000( 100000)?\n")


@engine.check
def health_check():
    # Without systemd's timers, podman runs no health checks by itself.
    podman("run", "-d", "--name", "p1", "--health-cmd", "test -e /well", "--health-interval", "disable", IMAGE, "sh", "-c",
           "touch /well; sleep 100")
    until(lambda: podman("healthcheck", "run", "p1"), "good health", 5)
    podman("inspect", "-f", "{{.State.Health.Status}}", "p1").printed("healthy\n")
    podman("exec", "p1", "rm", "/well")
    for _ in range(3):                   # podman's default number of retries
        podman("healthcheck", "run", "p1", status=1)
    podman("inspect", "-f", "{{.State.Health.Status}}", "p1").printed("unhealthy\n")


@engine.check
def restart_policy():
    podman("run", "-d", "--name", "p1", "--restart", "on-failure:2", IMAGE, "sh", "-c", "echo run; exit 1")
    until(lambda: podman("logs", "p1").printed("run\n" * 3), "three runs", 15)


@engine.check
def checkpoint():
    if not criu_works():
        raise Skip("criu check fails on this machine")
    podman.run_in_background("p1")
    podman("container", "checkpoint", "p1")
    podman("container", "restore", "p1")
    podman.expect_state("p1", "running 0")
