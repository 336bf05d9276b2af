"""config-linux.md: Intel RDT, memory policy."""

import os
import re

from harness.bundles import SLEEP, changed
from harness.rules import chapter
from harness.session import read
from harness.verdicts import Skip, expect, no_problems

rule = chapter("config-linux", "Intel RDT, memory policy")


@rule("a missing resctrl file system is an error")
def a_missing_resctrl_is_an_error(case):
    if re.search(r" - resctrl ", read("/proc/self/mountinfo")):
        raise Skip("the machine has a resctrl file system")
    good = case.config()
    case.refuses(good, {"intelRdt": changed(good, ["linux", "intelRdt"], {"closID": "some", "l3CacheSchema": "L3:0=f"})})


def _with_policy(case, script, policy):
    if not os.path.exists("/proc/self/numa_maps"):
        raise Skip("the kernel has no NUMA")
    config = case.config(script)
    config["ociVersion"] = "1.3.0"
    config["linux"]["memoryPolicy"] = policy
    return config


@rule("`memoryPolicy` has a mode")
def a_policy_has_a_mode(case):
    good = _with_policy(case, "true", {"mode": "MPOL_BIND", "nodes": "0"})
    case.refuses(good, {"a policy without mode": changed(good, ["linux", "memoryPolicy"], {"nodes": "0"}),
                        "the mode MPOL_UNHEARD_OF": changed(good, ["linux", "memoryPolicy", "mode"], "MPOL_UNHEARD_OF")},
                 late=True)


POLICIES = {
    "bind:0": {"mode": "MPOL_BIND", "nodes": "0"}, "interleave:0": {"mode": "MPOL_INTERLEAVE", "nodes": "0"},
    "prefer:0": {"mode": "MPOL_PREFERRED", "nodes": "0"}, "local": {"mode": "MPOL_LOCAL"}, "default": {"mode": "MPOL_DEFAULT"},
    "bind=static:0": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]},
    "interleave=relative:0": {"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]},
}


@rule("the process has the policy, with its nodes and flags")
def the_process_has_the_policy(case):
    problems = []
    for wanted, policy in POLICIES.items():
        seen = set(line.split()[1] for line in case.output(_with_policy(case, "cat /proc/self/numa_maps", policy)).splitlines())
        if wanted not in seen:
            problems.append(f"{policy}: {sorted(seen)}")
    no_problems(problems, "each policy in numa_maps")


@rule("processes of exec have it, too")
def processes_of_exec_have_the_policy(case):
    container = case.start(_with_policy(case, SLEEP, POLICIES["interleave:0"]))
    result = case.call("exec", container.id, "/bin/cat", "/proc/self/numa_maps")
    case.expect_success(result)
    expect("interleave:0" in result.output, "the policy interleave:0 in numa_maps", result.output[:80])
