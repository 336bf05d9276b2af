"""runtime.md: the scope of containers, their state."""

import json
import os
import subprocess

from harness.bundles import SLEEP
from harness.commands import until
from harness.rules import chapter
from harness.session import read, session
from harness.verdicts import equal, expect, no_problems

from .hooks import Hooked

rule = chapter("runtime", "runtime.md: scope, state")
STATUSES = ("creating", "created", "running", "stopped")


@rule("the creator of a container can use all operations on it")
def the_creator_can_use_all_operations(case):
    container = case.create(case.config(SLEEP))
    equal(container.status, "created", "of the status after create")
    container.start()
    equal(container.status, "running", "of the status after start")
    container.kill("KILL")
    container.wait()
    case.delete_stopped(container)
    no_problems(case.remains(container), "nothing after delete")


@rule("the state has `ociVersion`, `id`, `status`, `bundle` (absolute)")
def the_state_is_complete(case):
    id, folder = case.prepare(case.config(SLEEP))
    relative = os.path.relpath(folder, case.folder)
    result = case.call("create", "--bundle", relative, id, folder=case.folder, output=folder + "/output")
    case.expect_success(result)
    state = case.known(id, folder).state()
    equal({name: state.get(name) for name in ("id", "status", "bundle")}, {"id": id, "status": "created", "bundle": folder},
          "of the state, with the bundle's absolute path")
    expect(state.get("ociVersion"), "ociVersion in the state", json.dumps(state)[:200])


@rule("the state has `pid` while the container is created or running")
def the_state_has_the_pid(case):
    # The program's own view of its pid isn't of use: it's 1. Its cgroup is the container's alone.
    container = case.create(case.config(SLEEP))
    before = container.pid
    container.start()
    equal(container.pid, before, "of the pid after start, the one before")
    # A shell executes the program, at a time of its own.
    until(lambda: read(f"/proc/{before}/cmdline").split("\0")[:2] == ["sleep", "1000"],
          "sleep as the command line of the process with this pid")


@rule("an id is unique on the host (for wherry: within one `--root`)")
def an_id_is_unique(case):
    container = case.start(case.config(SLEEP))
    pid, (_, other) = container.pid, case.prepare(case.config())
    for folder in (container.bundle, other):
        result = case.call("create", "--bundle", folder, container.id)
        expect(result.status != 0, "an error of create with an id that is taken", result)
    state = container.state()
    equal((state["status"], state["pid"], state["bundle"]), ("running", pid, container.bundle),
          "of the first container's state")


@rule("additional values of `status` mean additional states: `paused`")
def other_statuses_are_other_states(case):
    container = case.start(case.config("while :; do echo tick; usleep 20000; done"))
    container.await_output("tick")
    seen = [container.status]
    container.call("pause", container.id)
    length = len(container.output())
    seen.append(container.status)
    subprocess.run(["sleep", str(0.3 * session.patience)], check=True)
    stopped = len(container.output()) - length < 30
    container.call("resume", container.id)
    seen.append(container.status)
    equal((seen[0], seen[2], stopped), ("running", "running", True), "of the status before and after, and of a pause meanwhile")
    expect(seen[1] not in STATUSES, "another status while the container is paused", seen[1])


def _problems(state):
    """Returns what the schema of the specification doesn't permit."""
    types = {"ociVersion": str, "id": str, "status": str, "bundle": str, "pid": int, "annotations": dict}
    problems = [f"{name} is missing" for name in ("ociVersion", "id", "status", "bundle") if name not in state]
    problems += [f"{name} is {state[name]!r}" for name, type in types.items()
                 if name in state and not isinstance(state[name], type)]
    problems += [f"status is {state.get('status')}"] if state.get("status") not in STATUSES else []
    problems += ["pid is negative"] if isinstance(state.get("pid"), int) and state["pid"] < 0 else []
    problems += ["annotations aren't strings"] if not all(
        isinstance(value, str) for value in (state.get("annotations") or {}).values()) else []
    return problems


@rule("the state as JSON follows the schema; a hook gets the pid as seen in the pid namespace where the hook runs")
def the_state_follows_the_schema(case):
    config = case.config("until grep -q poststart /log; do usleep 10000; done; " + SLEEP)
    config["annotations"] = {"org.example.key": "value"}
    kinds = ("createRuntime", "createContainer", "startContainer", "poststart")
    hooked = Hooked(case, config, {kind: [f"echo {kind} $(cat) >> $LOG"] for kind in kinds})
    container = hooked.made()
    states = {"state when created": container.state()}
    container.start()
    states["state when running"] = container.state()
    pid = container.pid
    container.kill("KILL")
    container.wait()
    states["state when stopped"] = container.state()
    for line in hooked.log.splitlines():
        kind, text = line.split(" ", 1)
        states[kind] = json.loads(text)
    problems = [f"{what}: {problem}" for what, state in states.items() for problem in _problems(state)]
    problems += [f"{what}: the annotations are {state.get('annotations')}" for what, state in states.items()
                 if state.get("annotations") != config["annotations"]]
    # A startContainer hook is in the container's pid namespace, where the container's process is the first one.
    for kind, wanted in (("createRuntime", pid), ("poststart", pid), ("startContainer", 1)):
        if states.get(kind, {}).get("pid") != wanted:
            problems.append(f"{kind}: pid {states.get(kind, {}).get('pid')} instead of {wanted}")
    no_problems(problems, "states that follow the schema")
