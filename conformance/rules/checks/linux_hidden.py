"""config-linux.md: masked and read-only paths, personality."""

import os
import subprocess

from harness.bundles import changed, without
from harness.rules import chapter
from harness.verdicts import Skip, equal

rule = chapter("config-linux", "Hidden paths, personality")

# What `uname -m` says to a program of 32 bits.
NARROW = {"x86_64": "i686", "aarch64": "armv8l"}


@rule("`maskedPaths` are absolute")
def masked_paths_are_absolute(case):
    good = case.config()
    good["linux"]["maskedPaths"] = ["/proc/keys"]
    case.refuses(good, {"a relative masked path": changed(good, ["linux", "maskedPaths"], ["proc/keys"])})


@rule("`readonlyPaths` are absolute")
def read_only_paths_are_absolute(case):
    good = case.config()
    good["linux"]["readonlyPaths"] = ["/proc/sys"]
    case.refuses(good, {"a relative read-only path": changed(good, ["linux", "readonlyPaths"], ["proc/sys"])})


@rule("`personality` has a domain")
def the_personality_has_a_domain(case):
    # Many arm64 processors have no mode of 32 bits.
    if subprocess.run(["setarch", "linux32", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("the kernel refuses the personality LINUX32")
    good = case.config("uname -m")
    good["linux"]["personality"] = {"domain": "LINUX32"}
    equal(case.output(good), NARROW[os.uname().machine] + "\n", "of uname")
    case.refuses(good, {"a personality without domain": without(good, ["linux", "personality", "domain"])})
