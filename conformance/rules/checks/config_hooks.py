"""config.md: when and where hooks are called, and what they get."""

import json
import os

from harness import cgroups
from harness.bundles import SLEEP, changed, tmpfs_at, without
from harness.helpers import in_namespaces
from harness.rules import chapter
from harness.session import write
from harness.verdicts import equal, no_problems

from .hooks import KINDS, OF_THE_RUNTIME, Hooked, hook

rule = chapter("config", "Hooks")


def _refuses_hooks(case, changes):
    """Expects that each change of a hook is an error, for hooks of each kind.

    `changes` is {what: function of (config, place)}.
    """
    good = case.config()
    good["hooks"] = {kind: [hook("true", timeout=10)] for kind in KINDS}
    case.refuses(good, {f"a {kind} hook {what}": change(good, ["hooks", kind, 0])
                        for kind in KINDS for what, change in changes.items()})


@rule("`path` is set and absolute")
def a_path_is_absolute(case):
    _refuses_hooks(case, {"without path": lambda config, place: without(config, [*place, "path"]),
                          "with a relative path": lambda config, place: changed(config, [*place, "path"], "bin/sh")})


@rule("`timeout` is above 0")
def a_timeout_is_above_0(case):
    _refuses_hooks(case, {"with timeout 0": lambda config, place: changed(config, [*place, "timeout"], 0),
                          "with timeout -1": lambda config, place: changed(config, [*place, "timeout"], -1)})


@rule("the paths of all hooks except startContainer are paths on the host",
      "the path of a startContainer hook is a path in the container")
def paths_are_of_the_host_or_of_the_container(case):
    hooked = Hooked(case, case.config(), {})
    log = hooked.folder + "/rootfs/log"
    write(hooked.folder + "/program", f"#!/bin/sh\ncat > /dev/null\necho $1 on the host >> {log}\n", 0o755)
    write(hooked.folder + "/rootfs/program", "#!/bin/sh\ncat > /dev/null\necho $1 in the container >> /log\n", 0o755)
    hooked.config["hooks"] = {kind: [{"path": hooked.folder + "/program", "args": ["program", kind]}] for kind in KINDS}
    hooked.config["hooks"]["startContainer"][0]["path"] = "/program"
    seen = sorted(hooked.whole_life().splitlines())
    equal(seen, [f"{kind} {'in the container' if kind == 'startContainer' else 'on the host'}" for kind in sorted(KINDS)],
          "of the programs that were called")


SHOWS_NAMESPACES = "for name in {}; do echo KIND $name $(readlink /proc/self/ns/$name) >> $LOG; done"


def _namespaces(hooked):
    return {tuple(line.split()[:2]): line.split()[2] for line in hooked.log.splitlines()}


def _compare(seen, kinds, wanted):
    return [f"{kind}: {name} is {seen.get((kind, name))} instead of {link}" for kind in kinds for name, link in wanted.items()
            if seen.get((kind, name)) != link]


@rule("prestart, createRuntime, poststart and poststop run in the runtime's namespaces")
def hooks_of_the_runtime_run_in_its_namespaces(case):
    names = ("mnt", "net", "uts", "ipc", "pid")
    scripts = {kind: [SHOWS_NAMESPACES.format(" ".join(names)).replace("KIND", kind)] for kind in OF_THE_RUNTIME}
    hooked = Hooked(case, case.config(), scripts)
    hooked.whole_life()
    ours = {name: os.readlink(f"/proc/self/ns/{name}") for name in names}
    no_problems(_compare(_namespaces(hooked), OF_THE_RUNTIME, ours), "the runtime's namespaces")


@rule("createContainer and startContainer run in the container's namespaces")
def hooks_of_the_container_run_in_its_namespaces(case):
    names, kinds = ("mnt", "net", "uts", "ipc"), ("createContainer", "startContainer")
    scripts = {kind: [SHOWS_NAMESPACES.format(" ".join(names)).replace("KIND", kind)] for kind in kinds}
    hooked = Hooked(case, case.config(SLEEP), scripts)
    pid = hooked.made().start().pid
    its = {name: os.readlink(f"/proc/{pid}/ns/{name}") for name in names}
    no_problems(_compare(_namespaces(hooked), kinds, its), "the container's namespaces")


def _lines(*words):
    return [f"echo {word} >> $LOG" for word in words]


def _order(case):
    """Takes a container through its whole life, with three hooks of each kind, and returns what was called."""
    scripts = {kind: _lines(kind + "-1", kind + "-2", kind + "-3") for kind in reversed(KINDS)}
    # The program waits until the poststart hooks have been called: they may run beside it.
    config = case.config("echo program >> /log; until grep -q poststart-3 /log; do usleep 10000; done")
    return Hooked(case, config, scripts).whole_life().splitlines()


@rule("hooks are called in the listed order")
def hooks_are_called_in_the_listed_order(case):
    seen = _order(case)
    no_problems([f"{kind}: {called}" for kind in KINDS for called in [[line for line in seen if line.startswith(kind + "-")]]
                 if called != [f"{kind}-{number}" for number in (1, 2, 3)]], "each hook once, in the listed order")


@rule("prestart hooks run before createRuntime hooks, createContainer hooks after them")
def hooks_of_create_are_in_order(case):
    wanted = [f"{kind}-{number}" for kind in KINDS[:3] for number in (1, 2, 3)]
    equal(_order(case)[:9], wanted, "of the hooks of create")


@rule("start calls startContainer hooks before the program")
def start_container_hooks_come_before_the_program(case):
    seen = [line for line in _order(case) if line == "program" or line.startswith("startContainer")]
    equal(seen, ["startContainer-1", "startContainer-2", "startContainer-3", "program"], "of hooks and program")


@rule("without `args` the program gets its path as its only argument (execv(3) requires one)")
def a_hook_without_args_gets_its_path(case):
    hooked = Hooked(case, case.config(), {})
    program = hooked.folder + "/program"
    write(program, f"#!/bin/sh\ncat > /dev/null\ntr '\\0' '\\n' < /proc/$$/cmdline >> {hooked.folder}/rootfs/log\necho end >> "
          f"{hooked.folder}/rootfs/log\n", 0o755)
    hooked.config["hooks"] = {"createRuntime": [{"path": program}]}
    hooked.made()
    # The kernel puts the interpreter before the path.
    equal(hooked.log.splitlines()[-2:], [program, "end"], "of the last argument")


@rule("each hook gets the state on its standard input")
def hooks_get_the_state(case):
    scripts = {kind: ["cat >> $LOG; echo >> $LOG; echo end >> $LOG"] for kind in KINDS}
    config = case.config()
    config["annotations"] = {"org.example.long": "x" * 5000}
    hooked = Hooked(case, config, scripts)
    texts = [text.strip() for text in hooked.whole_life().split("end\n")[:-1]]
    equal(len(texts), len(KINDS), "of the number of hooks that were called")
    problems = []
    for kind, text in zip(KINDS, texts):
        try:
            state = json.loads(text)
        except ValueError:
            problems.append(f"{kind}: {text[:60]!r}")
            continue
        if state.get("id") != hooked.id or state.get("bundle") != hooked.folder or "status" not in state:
            problems.append(f"{kind}: {text[:200]}")
        if state.get("annotations") != config["annotations"]:
            problems.append(f"{kind}: no annotations")
        if kind == "poststop" and state.get("status") != "stopped":
            problems.append(f"{kind}: status {state.get('status')}")
    no_problems(problems, "the state of each hook's container")


@rule("prestart and createRuntime hooks of a container that joins a pid namespace get the state, too")
def hooks_get_the_pid_in_a_joined_namespace(case):
    config = case.config(SLEEP)
    helper = in_namespaces(case, "--pid")
    config["linux"]["namespaces"][0] = {"type": "pid", "path": f"/proc/{helper}/ns/pid_for_children"}
    hooked = Hooked(case, config, {kind: ["cat >> $LOG; echo >> $LOG"] for kind in ("prestart", "createRuntime")})
    pid = hooked.made().pid
    seen = [json.loads(line).get("pid") for line in hooked.log.splitlines() if line.strip()]
    equal(seen, [pid, pid], "of the pids in the state, that of the container's process")


@rule("create calls prestart, createRuntime and createContainer hooks after it makes the environment and before it changes the "
      "root")
def hooks_see_the_environment_before_the_root_changes(case):
    # The hooks of the runtime look by way of the container's process, the createContainer hook at its own surroundings.
    by_pid = ("pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' | tr -dc 0-9); "
              "echo KIND mounted $(grep -c '/rootfs/mnt ' /proc/$pid/mountinfo) "
              "net $(readlink /proc/$pid/ns/net) cgroup $(grep -c ID /proc/$pid/cgroup) "
              "host $(test -e /proc/$pid/root/FOLDER/config.json && echo yes) >> $LOG")
    own = ("echo KIND mounted $(grep -c '/rootfs/mnt ' /proc/self/mountinfo) net $(readlink /proc/self/ns/net) "
           "cgroup 1 host $(test -e FOLDER/config.json && echo yes) >> $LOG")
    config = case.config(SLEEP)
    config["mounts"].append(tmpfs_at("/mnt"))
    hooked = Hooked(case, config, {})
    scripts = {"prestart": by_pid, "createRuntime": by_pid, "createContainer": own}
    log = f"LOG={hooked.folder}/rootfs/log; "
    config["hooks"] = {kind: [hook(log + text.replace("KIND", kind).replace("FOLDER", hooked.folder).replace("ID", hooked.id))]
                       for kind, text in scripts.items()}
    pid = hooked.made().pid
    net, problems = os.readlink(f"/proc/{pid}/ns/net"), []
    for kind, line in zip(scripts, hooked.log.splitlines() + ["nothing"] * 3):
        words = dict(zip(line.split()[1::2], line.split()[2::2]))
        wanted = {"mounted": "1", "net": net, "host": "yes"}
        if {name: words.get(name) for name in wanted} != wanted or words.get("cgroup", "0") == "0":
            problems.append(f"{kind}: {line}")
    no_problems(problems, f"the container's mount, network namespace {net} and cgroup, and the host's root")


@rule("poststart hooks run after the program is executed, before start returns")
def poststart_sees_the_program(case):
    config = case.config()
    config["process"]["args"] = ["/bin/sleep", "1000"]
    script = ("pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' | tr -dc 0-9); sleep 0.3; "
              "tr '\\0' ' ' < /proc/$pid/cmdline >> $LOG; echo >> $LOG")
    hooked = Hooked(case, config, {"poststart": [script]})
    hooked.made().start()
    equal(hooked.log.strip(), "/bin/sleep 1000", "of the program's command line, in the log when `start` has returned")


@rule("poststop hooks run after the container is deleted, before delete returns")
def poststop_sees_nothing_of_the_container(case):
    hooked = Hooked(case, case.config(), {})
    folders = " ".join(top + case.cgroup_of(hooked.id) for top in cgroups.hierarchies())
    script = f"sleep 0.3; ls -d {folders} 2>/dev/null; echo end"
    hooked.config["hooks"] = {"poststop": [hook(f"({script}) >> {hooked.folder}/rootfs/log")]}
    container = hooked.made()
    container.start().wait()
    equal(hooked.log, "", "of the log before `delete`")
    case.delete_stopped(container)
    equal(hooked.log, "end\n", "of the log when `delete` has returned: no cgroup")


@rule("while poststop hooks run, `state` knows the container no longer")
def poststop_finds_no_state(case):
    hooked = Hooked(case, case.config(), {})
    script = f"{case.runtime} state {hooked.id} > /dev/null 2>&1 && echo state; echo end"
    hooked.config["hooks"] = {"poststop": [hook(f"({script}) >> {hooked.folder}/rootfs/log")]}
    container = hooked.made()
    container.start().wait()
    case.delete_stopped(container)
    equal(hooked.log, "end\n", "of the log when `delete` has returned: `state` fails")
