"""config-linux.md: seccomp, without a listener."""

from harness.bundles import changed, without
from harness.rules import chapter
from harness.verdicts import no_problems

rule = chapter("config-linux", "Seccomp")


def with_filter(case, seccomp, script="true"):
    config = case.config(script)
    config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", **seccomp}
    return config


def call(*names, action="SCMP_ACT_ERRNO", **more):
    return {"names": list(names), "action": action, **more}


# The container sees these filters' effect: each config below differs in one thing from one that works.
MKDIR = "mkdir /tmp/new 2>&1 | sed 's/.*: //'; [ -d /tmp/new ] && echo made"


def _expects(case, seccomp, wanted):
    seen = case.output(with_filter(case, seccomp, MKDIR)).strip()
    no_problems([] if seen == wanted else [f"mkdir: {seen!r}"], f"a filter by which mkdir says {wanted!r}")


@rule("`defaultAction` is set")
def the_default_action_is_set(case):
    good = with_filter(case, {"syscalls": [call("mkdir", "mkdirat")]})
    _expects(case, {"syscalls": [call("mkdir", "mkdirat")]}, "Operation not permitted")
    case.refuses(good, {"a filter without defaultAction": without(good, ["linux", "seccomp", "defaultAction"])})


@rule("`defaultErrnoRet` is an error if the default action has no errno")
def the_default_errno_needs_an_action_with_one(case):
    good = with_filter(case, {"syscalls": [call("mkdir")]})
    case.refuses(good, {"defaultErrnoRet with SCMP_ACT_ALLOW": changed(good, ["linux", "seccomp", "defaultErrnoRet"], 38)})


@rule("`errnoRet` is an error if the action has no errno")
def an_errno_needs_an_action_with_one(case):
    good = with_filter(case, {"syscalls": [call("mkdir", "mkdirat", errnoRet=38)]})
    _expects(case, {"syscalls": [call("mkdir", "mkdirat", errnoRet=38)]}, "Function not implemented")
    case.refuses(good, {f"errnoRet with {action}": changed(good, ["linux", "seccomp", "syscalls", 0, "action"], action)
                        for action in ("SCMP_ACT_KILL", "SCMP_ACT_TRAP", "SCMP_ACT_LOG")})


@rule("a rule has at least one name, and an action")
def a_rule_has_a_name_and_an_action(case):
    good = with_filter(case, {"syscalls": [call("mkdir")]})
    place = ["linux", "seccomp", "syscalls", 0]
    case.refuses(good, {"a rule without names": without(good, [*place, "names"]),
                        "a rule with an empty list": changed(good, [*place, "names"], []),
                        "a rule without action": without(good, [*place, "action"])})


@rule("a comparison has `index`, `value`, `op`")
def a_comparison_is_complete(case):
    # kill(pid, 10), which nobody blocks: the shell's own kill is the system call.
    args = [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]
    script = "trap : USR1 USR2; kill -10 $$ 2>/dev/null && echo usr1; kill -12 $$ && echo usr2"
    seen = case.output(with_filter(case, {"syscalls": [call("kill", args=args)]}, script)).strip()
    no_problems([] if seen == "usr2" else [repr(seen)], "a filter that only refuses signal 10")
    good = with_filter(case, {"syscalls": [call("kill", args=args)]})
    place = ["linux", "seccomp", "syscalls", 0, "args", 0]
    case.refuses(good, {f"a comparison without {name}": without(good, [*place, name]) for name in args[0]})


@rule("`listenerMetadata` is set without `listenerPath`")
def metadata_needs_a_listener(case):
    good = with_filter(case, {"syscalls": [call("mkdir")]})
    case.refuses(good, {"listenerMetadata alone": changed(good, ["linux", "seccomp", "listenerMetadata"], "some")})
