"""config.md: limits, capabilities, priorities and processors of the program."""

import os
import re

from harness.bundles import CAPABILITIES, SLEEP, changed, without
from harness.rules import chapter
from harness.session import read
from harness.verdicts import Skip, equal, expect, no_problems

rule = chapter("config", "Process")
LIMITS = {"RLIMIT_NOFILE": ("Max open files", 200, 300), "RLIMIT_CORE": ("Max core file size", 0, 4096),
          "RLIMIT_STACK": ("Max stack size", 1 << 20, 2 << 20), "RLIMIT_NPROC": ("Max processes", 100, 200),
          "RLIMIT_CPU": ("Max cpu time", 500, 600), "RLIMIT_FSIZE": ("Max file size", 1 << 30, 1 << 31)}


def _limits(*types):
    return [{"type": type, "soft": LIMITS[type][1], "hard": LIMITS[type][2]} for type in types]


@rule("getrlimit(2) shows each rlimit, soft and hard, as the config gives it")
def limits_are_set(case):
    text = case.output(case.config("cat /proc/self/limits", rlimits=_limits(*LIMITS)))
    problems = []
    for type, (name, soft, hard) in LIMITS.items():
        seen = re.search(rf"^{name}\s+(\w+)\s+(\w+)", text, re.M)
        if not seen or seen.groups() != (str(soft), str(hard)):
            problems.append(f"{type}: {seen and seen.groups()} instead of {soft}, {hard}")
    no_problems(problems, "each limit in /proc/self/limits")


@rule("an rlimit has `type`, `soft`, `hard`")
def an_rlimit_is_complete(case):
    good = case.config(rlimits=_limits("RLIMIT_NOFILE"))
    case.refuses(good, {f"an rlimit without {name}": without(good, ["process", "rlimits", 0, name])
                        for name in ("type", "soft", "hard")}, late=True)


@rule("an rlimit that the kernel doesn't have is an error")
def an_unknown_rlimit_is_an_error(case):
    good = case.config(rlimits=_limits("RLIMIT_NOFILE"))
    case.refuses(good, {"RLIMIT_UNHEARD_OF": changed(good, ["process", "rlimits", 0, "type"], "RLIMIT_UNHEARD_OF")}, late=True)


@rule("an rlimit that is listed twice is an error")
def an_rlimit_twice_is_an_error(case):
    good = case.config(rlimits=_limits("RLIMIT_NOFILE", "RLIMIT_CORE"))
    twice = _limits("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_NOFILE")
    case.refuses(good, {"an rlimit twice": changed(good, ["process", "rlimits"], twice)}, late=True)


def _capabilities(*more):
    return {name: [*CAPABILITIES, *more] for name in ("bounding", "effective", "permitted")}


@rule("such a capability is an error")
def an_unknown_capability_is_no_error(case):
    config = case.config("grep -c CapBnd /proc/self/status", capabilities=_capabilities("CAP_UNHEARD_OF"))
    equal(case.output(config), "1\n", "of the program")


@rule("a capability that is unknown or can't be granted causes a warning")
def an_unknown_capability_is_a_warning(case):
    log = case.folder + "/log"
    id, folder = case.prepare(case.config(capabilities=_capabilities("CAP_UNHEARD_OF")))
    said = ""
    for command in (("create", "--bundle", folder, id), ("start", id)):
        result = case.call("--log", log, *command)
        expect(result.status == 0, f"status 0 of `{command[0]}`", result)
        said += result.errors
    said += read(log) if os.path.exists(log) else ""
    expect("CAP_UNHEARD_OF" in said, "a warning that names CAP_UNHEARD_OF", repr(said[-200:]))


SCORE = "cat /proc/self/oom_score_adj"


@rule("`oomScoreAdj` is set")
def the_score_is_set(case):
    for score in (500, 1000):
        equal(case.output(case.config(SCORE, oomScoreAdj=score)), f"{score}\n", "of oom_score_adj")


@rule("without `oomScoreAdj`, the score changes")
def the_score_stays_if_it_is_not_given(case):
    # A score that no runtime has a reason to choose.
    prefix = ["sh", "-c", 'echo 321 > /proc/self/oom_score_adj; exec "$@"', "sh"]
    equal(case.output(case.config(SCORE), prefix=prefix), "321\n", "of oom_score_adj, the caller's")


@rule("`scheduler` has a policy; missing values are 0")
def the_scheduler_is_set(case):
    good = case.config(SLEEP, scheduler={"policy": "SCHED_BATCH", "nice": 7})
    pid = case.start(good).pid
    equal((os.sched_getscheduler(pid), os.getpriority(os.PRIO_PROCESS, pid)), (os.SCHED_BATCH, 7), "of policy and nice value")
    # The caller's nice value isn't the container's.
    config = changed(good, ["process", "scheduler"], {"policy": "SCHED_OTHER"})
    container = case.start(config, prefix=["nice", "-n", "5"])
    equal(os.getpriority(os.PRIO_PROCESS, container.pid), 0, "of the nice value that isn't given")
    case.refuses(good, {"a scheduler without policy": without(good, ["process", "scheduler", "policy"]),
                        "the policy SCHED_UNHEARD_OF": changed(good, ["process", "scheduler", "policy"], "SCHED_UNHEARD_OF")},
                 late=True)


@rule("`ioPriority` has class and priority (the idle class has only one priority, which may be omitted)")
def the_io_priority_is_set(case):
    good = case.config("ionice -p $$", ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6})
    equal(case.output(good), "best-effort: prio 6\n", "of ionice")
    case.refuses(good, {f"an ioPriority without {name}": without(good, ["process", "ioPriority", name])
                        for name in ("class", "priority")}, late=True)


@rule("without `execCPUAffinity.final` exec changes the affinity in the container's cgroup")
def exec_keeps_the_affinity(case):
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        raise Skip("there is only one processor")
    container = case.start(case.config(SLEEP))
    result = case.call("exec", container.id, "/bin/grep", "Cpus_allowed_list", "/proc/self/status",
                       prefix=["taskset", "-c", str(processors[0])])
    expect(result.status == 0, "status 0 of `exec`", result)
    equal(result.output.split()[-1], str(processors[0]), "of the processors, those of the caller")
