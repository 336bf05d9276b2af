"""config.md: the program, its user, its folder, its terminal."""

import os

from harness.bundles import changed, without
from harness.rules import chapter
from harness.session import write
from harness.terminals import create_with_terminal, read_terminal
from harness.verdicts import equal, expect

rule = chapter("config", "Process")


@rule("`process` is set when the container is started")
def start_needs_a_process(case):
    good = case.config()
    case.refuses(good, {"a config without process": without(good, ["process"])}, late=True)


@rule("`consoleSize` is ignored without a terminal")
def size_without_a_terminal_is_ignored(case):
    for terminal in ({"terminal": False}, {}):
        config = case.config("tty; echo runs", consoleSize={"height": 33, "width": 101}, **terminal)
        equal(case.output(config), "not a tty\nruns\n", "of the program")


@rule("`consoleSize` has `height` and `width`")
def size_of_a_terminal_is_complete(case):
    size = {"height": 33, "width": 101}
    config = case.config("stty size; exec sleep 1000", terminal=True, consoleSize=size)
    result, container, terminal = create_with_terminal(case, config)
    expect(result.status == 0, "status 0 of `create`", result)
    container.start()
    equal(read_terminal(terminal, "\n").strip(), "33 101", "of stty, the size")
    for name in size:
        config["process"]["consoleSize"] = without(size, [name])
        result, container, _ = create_with_terminal(case, config)
        expect(result.status != 0, f"an error for consoleSize without {name}", "a container")


@rule("`cwd` is set and absolute")
def the_folder_is_absolute(case):
    good = case.config("pwd", cwd="/var")
    equal(case.output(good), "/var\n", "of pwd")
    case.refuses(good, {"a process without cwd": without(good, ["process", "cwd"]),
                        "a relative cwd": changed(good, ["process", "cwd"], "var")}, late=True)


@rule("`args` has at least one entry; the runtime looks the program up as execvp(3) does")
def the_program_is_found_as_by_execvp(case):
    def prepare(folder):
        for place in ("var", "root"):
            write(f"{folder}/rootfs/{place}/program", f"#!/bin/sh\necho that of {place}\n", 0o755)
        os.chmod(f"{folder}/rootfs/var/program", 0o644)      # no program: the search goes on

    good = case.config(env=["PATH=/var:/nowhere:/root:/bin"])
    for program, cwd in (("program", "/"), ("program", "/var"), ("./program", "/root"), ("root/program", "/")):
        config = changed(changed(good, ["process", "args"], [program]), ["process", "cwd"], cwd)
        equal(case.output(config, prepare), "that of root\n", f"of {program} in {cwd}")
    case.refuses(good, {"a process without args": without(good, ["process", "args"]),
                        "empty args": changed(good, ["process", "args"], []),
                        "a program that is nowhere": changed(good, ["process", "args"], ["unheard-of"])},
                 late=True, prepare=prepare)


@rule("`user` has `uid` and `gid`")
def the_user_has_both_ids(case):
    good = case.config("id -u; id -g", user={"uid": 1234, "gid": 2345})
    equal(case.output(good), "1234\n2345\n", "of id")
    case.refuses(good, {f"a user without {name}": without(good, ["process", "user", name]) for name in ("uid", "gid")},
                 late=True)
