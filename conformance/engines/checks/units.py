"""Engines on a whole machine with systemd: containers are units, timers check their health, services tell when they are ready.

Each check belongs to one engine or to several, and is skipped in a private machine.
"""

import functools

from clients import containerd
from clients.docker import IMAGE, docker
from clients.podman import podman, rootless
from harness import disposable
from harness.commands import Skip, execute, expect, until
from harness.host import has_unified_cgroups
from harness.machine import ROOTLESS_ID
from harness.session import read, session

from . import ctr_tasks, docker_engine, podman_engine, rootless as rootless_checks

ENGINES = {docker: docker_engine.engine, podman: podman_engine.engine, rootless: rootless_checks.engine}
# Names of the memory limit: the unit's property, the file, the file's folder.
MEMORY = ("MemoryMax", "memory.max", "") if has_unified_cgroups() else ("MemoryLimit", "memory.limit_in_bytes", "memory/")
PIDS_FOLDER = "" if has_unified_cgroups() else "pids/"


def _on_the_machine(function):
    @functools.wraps(function)
    def check():
        if not session.whole_machine:
            raise Skip("a run in namespaces of its own can't ask systemd for units")
        return function()
    return check


def _check(*clients, timeout=120):
    """Makes a function of a client a check of each client's engine."""
    def register(function):
        for client in clients:
            def of_client(client=client):
                return function(client)
            of_client.__name__ = function.__name__
            ENGINES[client].check(_on_the_machine(of_client), timeout)
        return function
    return register


def _user(client):
    return ROOTLESS_ID if client is rootless else None


def _start(client, *options):
    if client is rootless and not has_unified_cgroups():
        raise Skip("without cgroup v2 a user has no cgroups")
    client("run", "-d", "--name", "c1", "--network", "none", *options, IMAGE, "sleep", "1000")
    return disposable.unit_of(client.pid("c1"))


def _expect_limits(client, path, unit, memory, pids):
    found = disposable.properties(unit, MEMORY[0], "TasksMax", user=_user(client))
    found += [read(f"/sys/fs/cgroup/{folder}{path}/{file}").strip()
              for folder, file in ((MEMORY[2], MEMORY[1]), (PIDS_FOLDER, "pids.max"))]
    wanted = [str(memory), str(pids)] * 2
    expect(found == wanted, f"the unit's properties and the files are {found}, not {wanted}")


@_check(docker, podman, rootless)
def limits_are_the_units_and_survive_a_reload(client):
    path, unit = _start(client, "-m", "64m", "--memory-swap", "64m", "--pids-limit", "50", "--cpus", "0.5")
    for _ in range(2):
        _expect_limits(client, path, unit, 64 << 20, 50)
        quota, = disposable.properties(unit, "CPUQuotaPerSecUSec", user=_user(client))
        expect(quota == "500ms", f"the unit's quota is {quota}")
        disposable.reload(_user(client))
    client("update", "-m", "32m", "--memory-swap", "32m", "c1")
    for _ in range(2):
        _expect_limits(client, path, unit, 32 << 20, 50)
        disposable.reload(_user(client))
    client("rm", "-f", "c1")
    until(lambda: disposable.properties(unit, "LoadState", user=_user(client)) == ["not-found"], "end of the unit", 10)


@_check(podman, rootless)
def health_checks_by_timers(client):
    client("run", "-d", "--name", "c1", "--network", "none", "--health-cmd", "test -e /well", "--health-interval", "2s",
           "--health-retries", "1", IMAGE, "sh", "-c", "touch /well; sleep 1000")
    for state, command in (("healthy", "true"), ("unhealthy", "rm /well")):
        client("exec", "c1", "sh", "-c", command)
        until(lambda: client.expect_state("c1", state, "{{.State.Health.Status}}"), f"state {state}", 30, 0.5)


@_check(podman, timeout=120)
def service_that_is_ready_when_its_container_says_so(client):
    unit = "engines-notify.service"
    variables = [f"--setenv={name}={value}" for name, value in client.env.items()]
    # The machine's own files are the container's: there is systemd-notify among them.
    execute(["systemd-run", "--unit", unit, "-p", "Type=notify", "-p", "NotifyAccess=all", *variables, *client.command(
        "run", "--rm", "--name", "c1", "--sdnotify=container", "--network", "none", "--rootfs", "/:O", "sh", "-c",
        "systemd-notify --ready --status=serving; exec sleep 1000")], timeout=60)
    try:
        found = disposable.properties(unit, "ActiveState", "StatusText")
        # podman 4.3 hands on that the service is ready, but not its status.
        wanted = [["active", "serving"]] + ([["active", ""]] if client("--version").output.split()[-1] < "4.4" else [])
        expect(found in wanted, f"the service is {found}")
    finally:
        execute(["systemctl", "stop", unit], timeout=60, status=None)
        # systemd may have ended the program that removes the container (--rm) together with the service.
        client("rm", "-f", "-i", "-t", "0", "c1", status=None)


@_check(podman, timeout=200)
def systemd_as_the_program(client):
    """systemd boots in a container, and ends as it does for a machine that is switched off."""
    if not has_unified_cgroups():
        raise Skip("the container's systemd needs cgroup v2, or more rights than podman gives")
    client("run", "-d", "--name", "c1", "--systemd=always", "--network", "none", "--rootfs", "/:O", "/lib/systemd/systemd",
           "--unit=basic.target")
    until(lambda: client("exec", "c1", "systemctl", "is-system-running", status=None).printed("running\n"),
          "running systemd", 40)
    client("kill", "-s", "SIGRTMIN+3", "c1")
    until(lambda: client.expect_state("c1", "exited", "{{.State.Status}}"), "end", 40)


@_check(rootless)
def groups_of_the_caller_are_kept(client):
    if execute([session.runtime, "--version"]).output.startswith("runc"):
        raise Skip("runc doesn't know this request of podman's")
    result = client.run("--group-add", "keep-groups", "--network", "none", IMAGE, "id", "-G", groups=[ROOTLESS_ID, 21005])
    expect("65534" in result.output.split(), result)


@_check(rootless)
def nothing_is_left(client):
    client.remove_all()

    def look():
        left = disposable.units("libpod", _user(client))
        expect(not left, f"{len(left)} units: {left[:5]}")
        return True
    until(look, "no unit", 6, 0.3)


@ctr_tasks.engine.check
@_on_the_machine
def limit_of_a_unit():
    containerd.run_in_background("k1", "--runc-systemd-cgroup", "--cgroup", "engines.slice:ctr:k1",
                                 "--memory-limit", "67108864")
    path, unit = disposable.unit_of(containerd.pid("k1"))
    expect(path == "/engines.slice/ctr-k1.scope", f"the container's cgroup is {path}")
    found = disposable.properties(unit, MEMORY[0])
    expect(found == ["67108864"], f"the unit's limit is {found}")
