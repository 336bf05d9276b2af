"""Docker: further processes in a container."""

import os

from clients.docker import IMAGE, docker
from harness.commands import at_once, expect, until
from harness.host import lack_of_capabilities_skips, namespace, processes
from harness.services import ENDS_ON_CONTROL_C, SHOWS_TERMINAL_SIZE
from harness.session import read

from .docker_engine import engine

CREDENTIALS = ("grep", "-E", "Cap|Seccomp:|NoNewPrivs|Groups", "/proc/self/status")


@engine.check
def exec_prints_and_ends():
    docker.run_in_background("c1")
    docker("exec", "c1", "echo", "in").printed("in\n")
    docker("exec", "c1", "sh", "-c", "exit 7", status=7)
    docker("exec", "c1", "sh", "-c", "kill -9 $$", status=137)


@engine.check
def exec_user_folder_and_environment():
    docker.run_in_background("c1")
    docker("exec", "-u", "1000:1000", "-w", "/tmp", "-e", "A=b c", "c1", "sh", "-c",
           'id -u; id -g; pwd; echo "$A"').printed("1000\n1000\n/tmp\nb c\n")
    docker("exec", "-u", "app", "c1", "sh", "-c", "id -un; id -Gn").printed("app\napp wheel\n")


@engine.check
def exec_input():
    docker.run_in_background("c1")
    docker("exec", "-i", "c1", "cat", stdin="x\n").printed("x\n")
    data = os.urandom(1 << 20)
    docker("exec", "-i", "c1", "sh", "-c", "cat | wc -c", stdin=data).printed(f"{len(data)}\n")


@engine.check
def exec_detached():
    docker.run_in_background("c1")
    docker("exec", "-d", "c1", "touch", "/tmp/made")
    until(lambda: docker("exec", "c1", "ls", "/tmp/made"), "file of exec -d", 5)


@engine.check
def exec_of_a_missing_program():
    docker.run_in_background("c1")
    # Docker 20.10 exits with 126, later versions with 127.
    docker("exec", "c1", "nosuchprogram", status=None).ended(126, 127).matches(
        'exec: "nosuchprogram": executable file not found in \\$PATH')
    docker("exec", "c1", "/no/such/path", status=None).ended(126, 127).includes("no such file or directory")
    docker.wait_until("c1", "running 0")


@engine.check
def exec_that_is_not_allowed():
    docker.run_in_background("c1")
    docker("exec", "c1", "/etc/passwd", status=126).includes("permission denied")
    docker("exec", "-w", "/nosuchfolder", "c1", "true", status=None).failed().includes("/nosuchfolder")
    docker.wait_until("c1", "running 0")


@engine.check
def exec_on_a_terminal():
    docker.run_in_background("c1")
    docker.on_terminal("exec", "-it", "c1", "sh", "-c", SHOWS_TERMINAL_SIZE).includes("/dev/pts/", "size=33 101")
    docker.on_terminal("exec", "-it", "c1", "sh",
                       dialogue=[("# ", "echo A$((1+1))B\n"), ("A2B", "exit 4\n")], status=4)
    docker.on_terminal("exec", "-it", "c1", "sh", "-c", ENDS_ON_CONTROL_C, dialogue=[("waiting", "\x03")], status=9)


@engine.check
def exec_many_at_once():
    docker.run_in_background("c1")
    results = at_once(12, lambda number: docker("exec", "c1", "echo", str(number), timeout=40))
    for number, result in enumerate(results):
        result.printed(f"{number}\n")


@engine.check
def exec_has_the_same_credentials():
    docker.run_in_background("c1")
    docker("exec", "c1", *CREDENTIALS).printed(docker.run(IMAGE, *CREDENTIALS).output)


@engine.check
def exec_privileged():
    docker.run_in_background("c1")
    with lack_of_capabilities_skips():
        result = docker("exec", "--privileged", "c1", "grep", "CapEff", "/proc/self/status")
    ordinary = docker("exec", "c1", "grep", "CapEff", "/proc/self/status")
    expect(int(result.output.split()[1], 16) > int(ordinary.output.split()[1], 16), result)


@engine.check
def exec_in_the_same_namespaces_and_cgroup():
    docker.run_in_background("c1")
    first = docker.pid("c1")
    docker("exec", "-d", "c1", "sleep", "77")
    second, = until(lambda: processes(lambda arguments: arguments == ["sleep", "77"]), "process of exec", 5)
    for kind in ("mnt", "pid", "net", "ipc", "uts"):
        expect(namespace(kind, first) == namespace(kind, second), f"another {kind} namespace")
    expect(read(f"/proc/{first}/cgroup") == read(f"/proc/{second}/cgroup"), "other cgroups")


@engine.check
def exec_leaves_no_process_behind():
    docker.run_in_background("c1")
    for _ in range(3):
        docker("exec", "c1", "true")
    zombies = docker("exec", "c1", "sh", "-c", "cat /proc/[0-9]*/stat | grep -c ') Z'", status=None).output
    expect(zombies == "0\n", f"{zombies} zombies")
