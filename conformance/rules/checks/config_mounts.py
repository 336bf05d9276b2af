"""config.md: the list of mounts, and the options that mounts have on every system."""

import os

from harness.bundles import without
from harness.rules import chapter
from harness.verdicts import equal, expect, no_problems

from .mounting import bind, make_source, mounted, problems_of_options, tmpfs

rule = chapter("config", "Mounts")


@rule("mounts are made in the listed order")
def the_order_is_that_of_the_list(case):
    for name in ("one", "two"):
        os.makedirs(f"{case.folder}/{name}/{name}")
    config = case.config("ls /mnt; ls /var/one")
    one, two = (bind("/mnt", f"{case.folder}/{name}", "bind") for name in ("one", "two"))
    config["mounts"] += [one, two, tmpfs("/var"), bind("/var/one", f"{case.folder}/two", "bind")]
    equal(case.output(config), "two\ntwo\n", "with the second mount above the first one, of the mount points")
    config["mounts"][-4:] = [two, one, bind("/var/one", f"{case.folder}/two", "bind"), tmpfs("/var")]
    output = case.output(config)
    equal(output, "one\n", "with the order reversed, of the mount points")


@rule("`destination` is set")
def a_destination_is_needed(case):
    good = case.config()
    good["mounts"].append(tmpfs("/mnt"))
    case.refuses(good, {"a mount without destination": without(good, ["mounts", -1, "destination"])})


@rule("a relative destination counts from the root")
def a_relative_destination_counts_from_the_root(case):
    mounts = mounted(case, [tmpfs("mnt/relative")])
    expect("/mnt/relative" in mounts, "a mount at /mnt/relative", f"mounts at {sorted(mounts)}")


# What the options of a mount are in mountinfo. "rw" and "relatime" are the kernel's own defaults, so an option that asks for
# them follows another one that it has to undo.
OPTIONS_OF_A_MOUNT = {
    "ro": {"ro", "relatime"}, "ro,rw": {"rw", "relatime"}, "nosuid": {"rw", "nosuid", "relatime"},
    "nosuid,suid": {"rw", "relatime"}, "nodev": {"rw", "nodev", "relatime"}, "nodev,dev": {"rw", "relatime"},
    "noexec": {"rw", "noexec", "relatime"}, "noexec,exec": {"rw", "relatime"}, "noatime": {"rw", "noatime"},
    "noatime,atime": {"rw", "relatime"}, "strictatime": {"rw"}, "strictatime,nostrictatime": {"rw", "relatime"},
    "relatime": {"rw", "relatime"}, "relatime,norelatime": {"rw", "relatime"},
    "nodiratime": {"rw", "nodiratime", "relatime"}, "nodiratime,diratime": {"rw", "relatime"}, "defaults": {"rw", "relatime"},
}


@rule("options of one mount: `ro` `rw` `suid` `nosuid` `dev` `nodev` `exec` `noexec` `atime` `noatime` `relatime` `norelatime` "
      "`strictatime` `nostrictatime` `diratime` `nodiratime` `defaults`")
def options_of_a_mount_are_set(case):
    no_problems(problems_of_options(case, OPTIONS_OF_A_MOUNT, tmpfs, lambda mounts, point: set(mounts[point].options)),
                "the flags of each option in mountinfo")


@rule("options of the file system: `sync` `async` `dirsync` `lazytime` `nolazytime`")
def options_of_a_file_system_are_set(case):
    names = {"sync", "dirsync", "lazytime"}
    wanted = {"sync": {"sync"}, "sync,async": set(), "dirsync": {"dirsync"}, "lazytime": {"lazytime"},
              "lazytime,nolazytime": set()}
    no_problems(problems_of_options(case, wanted, tmpfs, lambda mounts, point: names & set(mounts[point].of_file_system)),
                "the flags of each option in mountinfo")


@rule("`silent` `loud` `iversion` `noiversion`")
def options_without_visible_effect_are_taken(case):
    # tmpfs refuses words that it doesn't know: a runtime that passes these options on as text fails here.
    wanted = {option: True for option in ("silent", "loud", "iversion", "noiversion")}
    no_problems(problems_of_options(case, wanted, tmpfs, lambda mounts, point: point in mounts), "a mount with each option")


@rule("`remount`")
def a_mount_can_be_changed_by_remount(case):
    mounts = mounted(case, [tmpfs("/mnt", "nosuid", "size=64k"), tmpfs("/mnt", "remount", "ro", "nosuid", "size=128k")])
    expect("size=128k" in mounts["/mnt"].of_file_system, "the size of the remount, 128k", mounts["/mnt"].of_file_system)
    expect({"ro"} & {*mounts["/mnt"].options, *mounts["/mnt"].of_file_system}, "a read-only mount", mounts["/mnt"].options)


@rule("`bind`, `rbind`")
def bind_shows_a_folder_and_rbind_what_is_below(case):
    source = make_source(case, "source")
    config = case.config("for place in plain recursive; do cat /mnt/$place/here; ls /mnt/$place/below; done")
    config["mounts"] += [bind("/mnt/plain", source, "bind"), bind("/mnt/recursive", source, "rbind")]
    equal(case.output(config), "here\nhere\nhere\n", "of the files: only rbind shows the file in the mount below")


@rule("unknown options are passed to the file system", "unknown options are passed also for a bind mount, where mount(2) "
      "ignores them")
def unknown_options_are_passed_on(case):
    folder = case.folder + "/folder"
    os.mkdir(folder)
    mounts = mounted(case, [tmpfs("/mnt", "nr_inodes=77", "size=64k"), bind("/var", folder, "bind", "unheard-of=1")])
    problems = [f"no {text} in mountinfo" for text in ("nr_inodes=77", "size=64k")
                if text not in mounts["/mnt"].of_file_system]
    problems += [] if "/var" in mounts else ["no bind mount"]
    config = case.config()
    config["mounts"].append(tmpfs("/mnt", "unheard-of=1"))
    result, _ = case.try_create(config)
    problems += ["tmpfs gets none of an option that it would refuse"] if result.status == 0 else []
    no_problems(problems, "that file systems get options that the runtime doesn't know")


@rule("other options have the meaning that mount(8) gives them: `ro=recursive` and similar ones; `user` `users` `owner` "
      "`group` imply the same restrictions as there; `auto` `noauto` `nofail` `_netdev` `nouser` `comment=` `x-…` have no "
      "effect")
def options_of_mount_8_have_their_meaning(case):
    words = {"nosuid", "nodev", "noexec"}
    wanted = {"user": words, "users": words, "owner": {"nosuid", "nodev"}, "group": {"nosuid", "nodev"}}
    wanted.update({word: set() for word in ("auto", "noauto", "nofail", "_netdev", "nouser", "comment=some", "x-some=1")})
    problems = problems_of_options(case, wanted, tmpfs, lambda mounts, point: words & set(mounts[point].options))
    source = make_source(case, "source")
    flags = {"ro=recursive": True, "nosuid=recursive": True}
    problems += problems_of_options(
        case, flags, lambda point, option: bind(point, source, "rbind", option),
        lambda mounts, point: all({"ro", "nosuid"} & set(mounts[place].options) for place in (point, point + "/below")))
    no_problems(problems, "what mount(8) makes of each option")


@rule("`nofail` has the meaning that mount(8) gives it")
def nofail_permits_a_source_that_is_missing(case):
    config = case.config("echo runs")
    config["mounts"] += [bind("/mnt", case.folder + "/missing", "bind", "nofail")]
    equal(case.output(config), "runs\n", "in spite of a missing source, of the program")
