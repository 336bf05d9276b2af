"""runtime.md: the lifecycle, errors and warnings."""

import json
import os

from harness import cgroups
from harness.bundles import SLEEP, changed
from harness.containers import pause
from harness.rules import chapter
from harness.session import read, write
from harness.verdicts import equal, expect, no_problems

from .hooks import KINDS, Hooked

rule = chapter("runtime", "runtime.md: lifecycle")
LEAVES_A_MARK = "echo ran > /mark"


def marked(container):
    return os.path.exists(container.bundle + "/rootfs/mark")


@rule("create makes the environment that the config describes")
def create_makes_the_environment(case):
    config = case.config(SLEEP)
    config["hostname"] = "some-name"
    config["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["nr_inodes=77"]})
    container = case.create(config)
    pid = container.pid
    problems = [f"{name} is the host's" for name in ("mnt", "pid", "net", "uts", "ipc")
                if os.readlink(f"/proc/{pid}/ns/{name}") == os.readlink(f"/proc/self/ns/{name}")]
    problems += [] if "nr_inodes=77" in read(f"/proc/{pid}/mountinfo") else ["there is no mount"]
    problems += [] if cgroups.at(case.cgroup_of(container.id)) else ["there is no cgroup"]
    no_problems(problems, "the environment of the config, before start")


@rule("it's an error if create can't make the environment",
      "after an error, the state is as if the operation had never been tried")
def what_can_not_be_made_is_an_error(case):
    good = case.config()
    good["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"})
    good["linux"]["resources"] = cgroups.limit_of_processes(100)
    place = ["mounts", len(good["mounts"]) - 1]
    mounts_before = read("/proc/self/mountinfo")
    case.refuses(good, {
        "an unknown file system": changed(good, [*place, "type"], "unheard-of"),
        "a bind mount without source": changed(good, place, {"destination": "/mnt", "type": "bind", "source": "/unheard-of",
                                                             "options": ["bind"]}),
        "a sysctl that doesn't exist": changed(good, ["linux", "sysctl"], {"net.unheard_of": "1"}),
        "a hook that fails": changed(good, ["hooks"], {"createRuntime": [{"path": "/bin/false"}]}),
        "a namespace that doesn't exist": changed(good, ["linux", "namespaces", 4, "path"], "/unheard-of")})
    equal(read("/proc/self/mountinfo"), mounts_before, "of the host's mounts, those before")


@rule("the program runs at create")
def the_program_does_not_run_at_create(case):
    container = case.create(case.config(LEAVES_A_MARK))
    pause(0.3)
    expect(not marked(container), "that the program hasn't run before start", "its mark")
    equal(container.status, "created", "of the status")
    container.start().wait()
    expect(marked(container), "the program's mark after start", "none")


@rule("later changes of config.json have an effect")
def later_changes_have_no_effect(case):
    config = case.config("echo first; hostname")
    config["hostname"] = "first-name"
    for change in ("another config", "no config"):
        container = case.create(config)
        if change == "no config":
            os.unlink(container.bundle + "/config.json")
        else:
            other = changed(changed(config, ["process", "args", 2], "echo second"), ["hostname"], "second-name")
            write(container.bundle + "/config.json", json.dumps(other))
        container.start().wait()
        equal(container.output(), "first\nfirst-name\n", f"with {change} after create, of the program")


@rule("the runtime calls hooks of all kinds, each at its step")
def hooks_are_called_at_their_step(case):
    config = case.config("until grep -q poststart /log; do usleep 10000; done")
    hooked = Hooked(case, config, {kind: [f"echo {kind} >> $LOG"] for kind in KINDS})
    container = hooked.made()
    equal(hooked.log.split(), list(KINDS[:3]), "of the hooks after create")
    container.start().wait()
    equal(sorted(hooked.log.split()[3:]), sorted(KINDS[3:5]), "of the hooks of start")
    case.delete_stopped(container)
    equal(hooked.log.split()[5:], ["poststop"], "of the hooks of delete")


def _destroyed(case, container):
    """Returns what is left. The specification goes on with step 12: the container is destroyed."""
    left = case.remains(container)
    return left + (["the process goes on"] if container.pidfd is not None and not container.has_ended() else [])


@rule("a prestart, createRuntime or createContainer hook that fails is an error, ends the container and destroys it")
def a_hook_of_create_that_fails_destroys_the_container(case):
    problems = []
    for kind in KINDS[:3]:
        for script, fails in (("echo ok >> $LOG", False), ("exit 3", True)):
            hooked = Hooked(case, case.config(SLEEP), {kind: [script, "echo next >> $LOG"]})
            result = hooked.create()
            if not fails:
                case.expect_success(result)
                continue
            problems += [f"{kind}: create succeeds"] if result.status == 0 else []
            problems += [f"{kind}: {rest}" for rest in _destroyed(case, hooked.container)]
            problems += [f"{kind}: the next hook is called"] if hooked.log else []
    no_problems(problems, "an error, and no container")


@rule("a startContainer or poststart hook that fails is an error, ends the container and destroys it")
def a_hook_of_start_that_fails_destroys_the_container(case):
    problems = []
    for kind in KINDS[3:5]:
        hooked = Hooked(case, case.config(SLEEP), {kind: ["exit 3", "echo next >> $LOG"]})
        container = hooked.made()
        if container.call("start", container.id, status=None).status == 0:
            problems.append(f"{kind}: start succeeds")
        pause(0.2)
        problems += [f"{kind}: {rest}" for rest in _destroyed(case, container)]
        problems += [f"{kind}: the next hook is called"] if hooked.log else []
    no_problems(problems, "an error, and no container")


@rule("a poststop hook that fails is a warning; the remaining hooks and steps continue",
      "after a warning, the operation continues")
def a_poststop_hook_that_fails_is_a_warning(case):
    hooked = Hooked(case, case.config(), {"poststop": ["echo first >> $LOG; exit 3", "echo second >> $LOG"]})
    container = hooked.made()
    container.start().wait()
    case.delete_stopped(container)
    equal(hooked.log, "first\nsecond\n", "of the hooks that are called")
    no_problems(case.remains(container), "no container after delete")


@rule("start runs the program of `process`")
def start_runs_the_program(case):
    config = case.config()
    config["process"].update(args=["/bin/sh", "-c", 'echo "$0|$1|$A|$B"; pwd', "zero", "one  two"], cwd="/var",
                             env=["PATH=/bin", "A=a b", "B="])
    equal(case.output(config), "zero|one  two|a b|\n/var\n", "of the program")


@rule("destroying undoes what create did")
def destroying_undoes_create(case):
    mounts_before = read("/proc/self/mountinfo")
    config = case.config(SLEEP)
    config["linux"]["resources"] = cgroups.limit_of_processes(100)
    container = case.start(config)
    expect(cgroups.at(case.cgroup_of(container.id)), "a cgroup", "none")
    container.kill("KILL")
    container.wait()
    case.delete_stopped(container)
    no_problems(case.remains(container), "nothing after delete")
    equal(read("/proc/self/mountinfo"), mounts_before, "of the host's mounts, those before")


@rule("the same applies to a start whose program can't be executed")
def a_start_that_fails_leaves_the_container(case):
    container = case.create(changed(case.config(), ["process", "args"], ["/tmp/program"]),
                            lambda folder: write(folder + "/rootfs/tmp/program", "#!/bin/sh\necho runs\n", 0o755))
    os.unlink(container.bundle + "/rootfs/tmp/program")
    result = container.call("start", container.id, status=None)
    expect(result.status != 0, "an error of start", result)
    equal(container.status, "created", "of the status after the error")
