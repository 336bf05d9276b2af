"""Docker under load: many containers in a row, or at once. Each check reports how long it took."""

import time

from clients.docker import IMAGE, PROGRAMS, docker, set_up
from harness.checks import Engine
from harness.commands import at_once
from harness.session import session

engine = Engine("stress", PROGRAMS, set_up, clean_up=docker.remove_all)


def _timed(count, what, function):
    started = time.monotonic()
    function()
    seconds = time.monotonic() - started
    return f"{count} {what}: {seconds:.1f} s, {seconds / count:.3f} s each"


def _one_after_another(count, what, function):
    count = max(5, int(count / session.patience))
    return _timed(count, what, lambda: [function(number) for number in range(count)])


def _all_at_once(count, what, function):
    return _timed(count, what, lambda: at_once(count, function))


@engine.check(timeout=300)
def runs_one_after_another():
    return _one_after_another(100, "runs without a network", lambda number: docker.run(
        "--network", "none", IMAGE, "echo", str(number)).printed(f"{number}\n"))


@engine.check(timeout=300)
def runs_one_after_another_with_a_network():
    return _one_after_another(20, "runs with the bridge", lambda _: docker.run(IMAGE, "true"))


@engine.check(timeout=300)
def runs_at_once():
    return _all_at_once(20, "runs at once", lambda number: docker.run(
        IMAGE, "echo", str(number), timeout=200).printed(f"{number}\n"))


@engine.check(timeout=300)
def execs_one_after_another():
    docker.run_in_background("c1")
    return _one_after_another(50, "execs", lambda _: docker("exec", "c1", "true"))


@engine.check(timeout=300)
def whole_lives_at_once():
    def live(number):
        container = f"life{number}"
        docker("run", "-d", "--name", container, IMAGE, "sh", "-c", 'trap "exit 3" TERM; while :; do sleep 0.2; done',
               timeout=100)
        for verb in (["exec", container, "true"], ["pause", container], ["unpause", container],
                     ["stop", "-t", "20", container]):
            docker(*verb, timeout=100)
        docker.wait_until(container, "exited 3")
        docker("rm", container, timeout=100)
    return _all_at_once(10, "lives (run, exec, pause, unpause, stop, rm) at once", live)
