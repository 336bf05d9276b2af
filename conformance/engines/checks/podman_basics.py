"""podman: containers that start and end, terminals, exec."""

from clients.podman import IMAGE, podman
from harness.commands import at_once, execute, expect, until
from harness.host import lack_of_capabilities_skips
from harness.services import ENDS_ON_CONTROL_C, SHOWS_TERMINAL_SIZE
from harness.session import read, session

from .podman_engine import engine


@engine.check
def info():
    podman("info", "-f", "{{.Host.OCIRuntime.Path}}|{{.Host.CgroupManager}}|{{.Host.NetworkBackend}}").printed(
        f"{session.path('as-runc/runc')}|{session.driver}|netavark\n")
    version = execute([session.runtime, "--version"]).output.splitlines()[0]
    podman("info", "-f", "{{.Host.OCIRuntime.Version}}").includes(version)


@engine.check
def run_and_remove():
    podman.run(IMAGE, "echo", "hi").printed("hi\n")
    podman.run(IMAGE, "sh", "-c", "exit 7", status=7)
    podman.run("-i", IMAGE, "cat", stdin="x\n").printed("x\n")
    podman.expect_none()


@engine.check
def runtime_of_another_name():
    """podman asks such a runtime for no log, and reads errors from its standard error."""
    runtime = session.path("bin/other-runtime")
    podman.run(IMAGE, "echo", "hi", runtime=runtime).printed("hi\n")
    podman.run(IMAGE, "nosuchprogram", runtime=runtime, status=127).includes("nosuchprogram")


@engine.check
def runtime_of_containers_conf():
    """The runtime is configured as users do it. Its name is in runtime_supports_json, so podman asks for JSON logs."""
    settings = read(podman.configuration + "/containers.conf")
    settings = settings.replace("[engine]\n", '[engine]\nruntime = "mine"\n').replace('["runc", "crun"]', '["mine"]')
    settings += f'[engine.runtimes]\nmine = ["{session.path("bin/other-runtime")}"]\n'
    env = {**podman.env, "CONTAINERS_CONF": session.new_file("containers.conf", settings)}
    command = ["podman", *podman.temporary_folder(), "run", "--rm", *podman.below(), IMAGE]
    execute([*command, "echo", "hi"], env=env).printed("hi\n")
    execute([*command, "nosuchprogram"], env=env, status=127).includes("nosuchprogram")
    execute(["podman", "info", "-f", "{{.Host.OCIRuntime.Path}}"], env=env).printed(session.path("bin/other-runtime") + "\n")


@engine.check
def missing_program():
    podman.run(IMAGE, "nosuchprogram", status=127).includes("nosuchprogram")
    podman.run(IMAGE, "/etc/passwd", status=126).matches("permission denied")
    podman.expect_none()


@engine.check
def terminal():
    podman.on_terminal("run", "--rm", "-it", IMAGE, "sh", "-c", SHOWS_TERMINAL_SIZE).includes("/dev/pts/0", "size=33 101")
    podman.on_terminal("run", "--rm", "-it", IMAGE, "sh", "-c", ENDS_ON_CONTROL_C,
                       dialogue=[("waiting", "\x03")], status=9).includes("interrupted")


@engine.check
def exec_prints_and_ends():
    podman.run_in_background("p1")
    podman("exec", "p1", "id").includes("uid=0")
    podman("exec", "-u", "app", "-w", "/tmp", "-e", "A=b", "p1", "sh", "-c", "id -un; pwd; echo $A").printed("app\n/tmp\nb\n")
    podman("exec", "p1", "sh", "-c", "exit 7", status=7)
    podman("exec", "-i", "p1", "cat", stdin="x\n").printed("x\n")
    podman("exec", "-d", "p1", "touch", "/tmp/made")
    until(lambda: podman("exec", "p1", "ls", "/tmp/made"), "file of exec -d", 5)


@engine.check
def exec_errors():
    podman.run_in_background("p1")
    podman("exec", "p1", "nosuchprogram", status=127).includes("nosuchprogram")
    podman("exec", "p1", "/etc/passwd", status=126).matches("permission denied")
    podman.expect_state("p1", "running 0")


@engine.check
def exec_on_a_terminal():
    podman.run_in_background("p1")
    podman.on_terminal("exec", "-it", "p1", "sh", "-c", SHOWS_TERMINAL_SIZE).includes("/dev/pts/", "size=33 101")


@engine.check
def exec_privileged():
    podman.run_in_background("p1")
    with lack_of_capabilities_skips():
        result = podman("exec", "--privileged", "p1", "grep", "CapEff", "/proc/self/status")
    ordinary = podman("exec", "p1", "grep", "CapEff", "/proc/self/status")
    expect(int(result.output.split()[1], 16) > int(ordinary.output.split()[1], 16), result)


@engine.check
def open_files_are_passed_on():
    podman.run_in_background("p1")
    file = session.new_file("passed-on", "through the descriptor\n")
    for command in (["exec", "--preserve-fds", "1", "p1"], ["run", "--rm", "--preserve-fds", "1", IMAGE]):
        with_file = ["sh", "-c", '"$@" 3<' + file, "sh", *podman.command(*command, "sh", "-c", "cat <&3")]
        execute(with_file, env=podman.env).printed("through the descriptor\n")


@engine.check
def many_at_once():
    results = at_once(8, lambda number: podman.run(IMAGE, "echo", str(number), timeout=50))
    for number, result in enumerate(results):
        result.printed(f"{number}\n")
