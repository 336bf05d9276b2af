"""Docker: operations on a running container."""

import os
import signal
import time

from clients.docker import IMAGE, docker
from harness.commands import expect, pause, until
from harness.host import CPU_QUOTA, MEMORY_LIMIT, PIDS_LIMIT, cgroup_files, is_alive, lack_of_metrics_skips, processes
from harness.services import expect_frozen, expect_going_on
from harness.session import session

from .docker_engine import engine


@engine.check
def top():
    docker.run_in_background("c1")
    docker("top", "c1").includes("PID", "tick")
    docker("top", "c1", "-eo", "pid,comm").includes("PID", "sh")


@engine.check
def stats():
    docker.run_in_background("c1", "-m", "64m")
    with lack_of_metrics_skips():
        docker("stats", "--no-stream", "--format", "{{.MemUsage}}|{{.PIDs}}|{{.CPUPerc}}", "c1").matches(
            r"^0*[1-9][\d.]*\w+ / 64MiB\|[1-9]\d*\|[\d.]+%")


@engine.check
def pause_and_unpause():
    docker.run_in_background("c1")
    docker("pause", "c1")
    docker.wait_until("c1", "paused 0")
    expect_frozen(docker.pid("c1"))
    docker("exec", "c1", "true", status=None).failed().includes("paused")
    docker("unpause", "c1")
    docker.wait_until("c1", "running 0")
    expect_going_on(docker.pid("c1"))


@engine.check
def remove_a_paused_container():
    docker.run_in_background("c1")
    docker("pause", "c1")
    docker("rm", "-f", "c1", timeout=40)
    docker.expect_none()


@engine.check
def update():
    docker.run_in_background("c1")
    docker("update", "--memory", "50m", "--memory-swap", "100m", "--cpus", "0.7", "--pids-limit", "33", "c1")
    docker("exec", "c1", "sh", "-c", cgroup_files(MEMORY_LIMIT, CPU_QUOTA, PIDS_LIMIT)).matches(
        r"\A52428800\n70000( 100000)?\n33\n")
    docker("update", "--cpu-shares", "333", "--cpuset-cpus", "0", "c1")
    docker("exec", "c1", "grep", "Cpus_allowed_list", "/proc/1/status").matches(r"\t0$")


@engine.check
def kill_with_a_signal():
    docker.run_in_background("c1")
    docker("kill", "-s", "USR1", "c1")
    docker.wait_for_output("c1", "usr1")
    docker.wait_until("c1", "running 0")
    docker("kill", "c1")
    docker.wait_until("c1", "exited 137")


@engine.check
def stop():
    docker.run_in_background("c1")
    started = time.monotonic()
    docker("stop", "-t", str(int(8 * session.patience)), "c1")
    docker.wait_until("c1", "exited 3")
    expect(time.monotonic() - started < 6 * session.patience, "it took as long as if it hadn't got the signal")


@engine.check
def stop_kills_in_the_end():
    docker("run", "-d", "--name", "c1", IMAGE, "sleep", "100")
    docker("stop", "-t", "1", "c1")
    docker.wait_until("c1", "exited 137")


@engine.check
def stop_signal():
    docker.run_in_background("c1", "--stop-signal", "USR2",
                             script='trap "exit 44" USR2; echo ready; while :; do sleep 0.1; done')
    docker("stop", "-t", "5", "c1")
    docker.wait_until("c1", "exited 44")


@engine.check
def restart_rename_and_start_again():
    docker.run_in_background("c1")
    first = docker.pid("c1")
    docker("restart", "-t", "3", "c1")
    second = docker.pid("c1")
    expect(first != second and not is_alive(first) and is_alive(second), f"first {first}, then {second}")
    docker("rename", "c1", "c2")
    docker("exec", "c2", "echo", "x").printed("x\n")
    docker("stop", "-t", "3", "c2")
    docker("start", "c2")
    docker.wait_until("c2", "running 0")


def _expect_sleepers_end(*seconds):
    until(lambda: not processes(lambda arguments: arguments[:1] == ["sleep"] and arguments[1:] and arguments[1] in seconds),
          "end of all of its processes", 8)


@engine.check
def children_end_with_the_first_process():
    docker("run", "-d", "--name", "c1", IMAGE, "sh", "-c", "sleep 91 & sleep 92 & exec sleep 93")
    docker("kill", "c1")
    docker.wait_until("c1", "exited 137")
    _expect_sleepers_end("91", "92", "93")


@engine.check
def children_in_the_hosts_pid_namespace_end_too():
    docker("run", "-d", "--name", "c1", "--pid", "host", IMAGE, "sh", "-c", "sleep 81 & exec sleep 82")
    docker("kill", "c1")
    docker.wait_until("c1", "exited 137")
    _expect_sleepers_end("81", "82")


@engine.check
def health_check():
    docker("run", "-d", "--name", "c1", "--health-cmd", "test -e /tmp/well", "--health-interval", "0.5s",
           "--health-retries", "2", IMAGE, "sh", "-c", "touch /tmp/well; sleep 100")
    docker.wait_until("c1", "healthy", "{{.State.Health.Status}}")
    docker("exec", "c1", "rm", "/tmp/well")
    docker.wait_until("c1", "unhealthy", "{{.State.Health.Status}}")


@engine.check
def health_check_that_hangs():
    docker("run", "-d", "--name", "c1", "--health-cmd", "sleep 100", "--health-interval", "0.5s", "--health-timeout", "1s",
           "--health-retries", "1", IMAGE, "sleep", "100")
    docker.wait_until("c1", "unhealthy", "{{.State.Health.Status}}", 15)
    docker("exec", "c1", "true")


RESTARTS = "{{.RestartCount}} {{.State.Status}}"


@engine.check
def restart_policy_on_failure():
    docker("run", "-d", "--name", "c1", "--restart", "on-failure:2", IMAGE, "sh", "-c", "echo run; exit 1")
    docker.wait_until("c1", "2 exited", RESTARTS, 15)
    docker.logs("c1").printed("run\n" * 3)
    docker("run", "-d", "--name", "c2", "--restart", "on-failure:2", IMAGE, "true")
    docker.wait_until("c2", "0 exited", RESTARTS)


@engine.check
def restart_policy_always():
    docker.run_in_background("c1", "--restart", "always")
    os.kill(docker.pid("c1"), signal.SIGKILL)
    docker.wait_until("c1", "1 running", RESTARTS)
    docker("stop", "-t", "3", "c1")
    pause(1)
    docker.wait_until("c1", "exited 3")
