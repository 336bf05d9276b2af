"""config.md: options that concern bind mounts: propagation, recursive flags."""

from harness.rules import chapter
from harness.verdicts import no_problems

from .mounting import bind, make_source, problems_of_options, tmpfs

rule = chapter("config", "Mounts")


@rule("`private` `rprivate` `shared` `rshared` `slave` `rslave` `unbindable` `runbindable`")
def propagation_is_set(case):
    source = make_source(case, "source", propagation="shared")

    def both(mounts, point):
        return [set(mounts[place].propagation) for place in (point, point + "/below")]

    def outer(mounts, point):
        return set(mounts[point].propagation)

    def entry(point, *options):
        return bind(point, source, "rbind", *options)

    # What a mount without an option inherits depends on the root's propagation, whose default is the runtime's choice.
    case.defaults = {"rootfsPropagation": "slave"}
    recursive = {"rprivate": [set(), set()], "rslave": [{"master"}, {"master"}], "runbindable": [{"unbindable"}] * 2}
    problems = problems_of_options(case, recursive, entry, both)
    problems += problems_of_options(case, {"private": set(), "slave": {"master"}, "unbindable": {"unbindable"}}, entry, outer)
    # A shared mount may be a slave of the host's, too.
    problems += problems_of_options(case, {"rshared": [True, True]}, entry,
                                    lambda mounts, point: ["shared" in seen for seen in both(mounts, point)])
    problems += problems_of_options(case, {"shared": True}, entry, lambda mounts, point: "shared" in outer(mounts, point))
    no_problems(problems, "the propagation of each option in mountinfo")


@rule("`nosymfollow`, `symfollow`")
def links_are_followed_or_not(case):
    wanted = {"nosymfollow": True, "nosymfollow,symfollow": False}
    no_problems(problems_of_options(case, wanted, tmpfs, lambda mounts, point: "nosymfollow" in mounts[point].options),
                "nosymfollow in mountinfo, or none")


def _flags(*words):
    """Returns a look at a mount and the one below it: which of these flags each has."""
    return lambda mounts, point: [set(words) & set(mounts[place].options) for place in (point, point + "/below")]


@rule("the recursive options that set a flag: `rro` `rnosuid` `rnodev` `rnoexec` `rnoatime` `rnodiratime` `rrelatime` "
      "`rnosymfollow`")
def recursive_options_set_flags_below(case):
    names = ("ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow")
    source = make_source(case, "plain")
    wanted = {"r" + name: [{name}, {name}] for name in names}
    problems = problems_of_options(case, wanted, lambda point, option: bind(point, source, "rbind", option), _flags(*names))
    strict = make_source(case, "strict", "strictatime")
    problems += problems_of_options(case, {"rrelatime": [{"relatime"}] * 2},
                                    lambda point, option: bind(point, strict, "rbind", option), _flags("relatime"))
    no_problems(problems, "the flag of each option, on the mount and below it")


@rule("the recursive options that clear a flag: `rrw` `rsuid` `rdev` `rexec` `ratime` `rdiratime` `rnorelatime` `rstrictatime` "
      "`rnostrictatime` `rsymfollow`")
def recursive_options_clear_flags_below(case):
    # Each option, and the flag that the source's mounts have and that it clears.
    cleared = {"rrw": "ro", "rsuid": "nosuid", "rdev": "nodev", "rexec": "noexec", "ratime": "noatime",
               "rdiratime": "nodiratime", "rstrictatime": "noatime", "rsymfollow": "nosymfollow"}
    sources = {option: make_source(case, option, flag) for option, flag in cleared.items()}
    wanted = {option: [set(), set()] for option in cleared}
    problems = problems_of_options(case, wanted, lambda point, option: bind(point, sources[option], "rbind", option),
                                   _flags(*set(cleared.values())))
    # What these two leave is the kernel's default.
    plain = make_source(case, "plain")
    problems += problems_of_options(case, {"rnorelatime": True, "rnostrictatime": True},
                                    lambda point, option: bind(point, plain, "rbind", option),
                                    lambda mounts, point: point + "/below" in mounts)
    no_problems(problems, "that each option clears its flag, on the mount and below it")
