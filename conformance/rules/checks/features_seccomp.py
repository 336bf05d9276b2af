"""features-linux.md: what the answer says about seccomp."""

from harness.rules import chapter
from harness.verdicts import Failure, Skip, expect, no_problems

from .features import answer
from .linux_seccomp import call, with_filter
from .linux_seccomp_listener import Agent

rule = chapter("features")


def _names(case, key):
    seccomp = (answer(case).get("linux") or {}).get("seccomp") or {}
    names = seccomp.get(key)
    if key in ("knownFlags", "supportedFlags") and names is None:
        raise Skip(f"the runtime's answer has no {key}, which is optional")
    expect(names is not None, f"linux.seccomp.{key}", "none")
    return names


def _each(case, key, make):
    """Expects that a container with a filter of each name runs, and that mkdir is refused."""
    problems = []
    for name in _names(case, key):
        try:
            output = case.output(with_filter(case, make(name), "grep '^Seccomp:' /proc/self/status; mkdir /tmp/new 2>/dev/null "
                                             "|| echo refused"))
        except Failure as failure:
            problems.append(f"{name}: {failure.seen}")
            continue
        if output.split() != ["Seccomp:", "2", "refused"]:
            problems.append(f"{name}: {output.split()}")
    no_problems(problems, f"a container with a filter, for each name of {key}")


MKDIR = call("mkdir", "mkdirat")
# No program of busybox uses this system call.
UNUSED = "vhangup"


@rule("the runtime accepts the named seccomp actions")
def named_actions_are_accepted(case):
    agent = Agent(case)

    def make(name):
        more = {"listenerPath": agent.path} if name == "SCMP_ACT_NOTIFY" else {}
        return {"syscalls": [MKDIR, call(UNUSED, action=name)] if name != "SCMP_ACT_ALLOW" else [MKDIR], **more,
                **({"defaultAction": name} if name == "SCMP_ACT_ALLOW" else {})}

    _each(case, "actions", make)


@rule("the runtime accepts the named seccomp operators")
def named_operators_are_accepted(case):
    def make(name):
        comparison = {"index": 0, "value": 7, "valueTwo": 7, "op": name}
        return {"syscalls": [MKDIR, call(UNUSED, args=[comparison])]}

    _each(case, "operators", make)


@rule("the runtime accepts the named seccomp architectures")
def named_architectures_are_accepted(case):
    _each(case, "archs", lambda name: {"architectures": [name], "syscalls": [MKDIR]})


def _with_flag(case):
    agent = Agent(case)

    def make(name):
        # This flag is about waiting for an agent.
        waits = name == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
        more = {"listenerPath": agent.path, "syscalls": [MKDIR, call(UNUSED, action="SCMP_ACT_NOTIFY")]} if waits else {
            "syscalls": [MKDIR]}
        return {"flags": [name], **more}

    return make


@rule("the runtime accepts the seccomp flags in `knownFlags`")
def known_flags_are_accepted(case):
    _each(case, "knownFlags", _with_flag(case))


@rule("the seccomp flags in `supportedFlags` have their effect")
def supported_flags_are_known_and_accepted(case):
    supported = set(_names(case, "supportedFlags"))
    unknown = sorted(supported - set(_names(case, "knownFlags")))
    no_problems(unknown, "that each supported flag is known, too")
    _each(case, "supportedFlags", _with_flag(case))
