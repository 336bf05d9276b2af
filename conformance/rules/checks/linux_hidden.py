"""config-linux.md: masked and read-only paths, personality."""

from harness.bundles import changed, without
from harness.rules import chapter
from harness.verdicts import equal

rule = chapter("config-linux", "Hidden paths, personality")


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
    good = case.config("uname -m")
    good["linux"]["personality"] = {"domain": "LINUX32"}
    equal(case.output(good), "i686\n", "of uname")
    case.refuses(good, {"a personality without domain": without(good, ["linux", "personality", "domain"])})
