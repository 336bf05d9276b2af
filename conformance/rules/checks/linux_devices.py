"""config-linux.md: devices. runtime-linux.md: the links in /dev."""

import os
import stat

from harness.bundles import changed, with_user_namespace, without
from harness.rules import chapter
from harness.session import write
from harness.terminals import create_with_terminal, read_terminal
from harness.verdicts import equal, expect, no_problems

from .mounting import bind

rule = chapter("config-linux", "Devices")
DEFAULT = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0"}
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}


def _device(path, type="c", major=1, minor=3, **more):
    return {"path": path, "type": type, "major": major, "minor": minor, **more}


def _shows(*paths):
    return f"for path in {' '.join(paths)}; do stat -c '%n %F %t:%T %a %u %g' $path; done"


def _folder_with_null(case):
    """Makes a folder for a bind mount on /dev. Some runtimes themselves need its /dev/null."""
    folder = case.folder + "/dev"
    os.mkdir(folder)
    os.mknod(folder + "/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    return folder


@rule("the listed devices exist", "`fileMode` is set")
def listed_devices_are_there(case):
    config = case.config(_shows("/dev/char", "/dev/below/block", "/var/fifo", "/dev/u"))
    config["linux"]["devices"] = [
        _device("/dev/char", fileMode=0o640, uid=12, gid=34), _device("/dev/below/block", "b", 7, 200, fileMode=0o600),
        {"path": "/var/fifo", "type": "p", "fileMode": 0o620}, _device("/dev/u", "u", 1, 5, fileMode=0o604)]
    equal(case.output(config).splitlines(), [
        "/dev/char character special file 1:3 640 12 34", "/dev/below/block block special file 7:c8 600 0 0",
        "/var/fifo fifo 0:0 620 0 0", "/dev/u character special file 1:5 604 0 0"], "of stat")


@rule("listed devices exist also for `/dev/ptmx`, and if a bind mount covers `/dev`")
def listed_devices_are_there_on_a_bind_mount(case):
    folder = _folder_with_null(case)
    config = case.config("stat -c %t:%T /dev/listed /dev/ptmx")
    config["mounts"][1] = bind("/dev", folder, "bind")
    del config["mounts"][2]
    config["linux"]["devices"] = [_device("/dev/listed"), _device("/dev/ptmx", major=5, minor=2)]
    equal(case.output(config), "1:3\n5:2\n", "of the devices' numbers")


@rule("an entry has type, path and, except for a fifo, device numbers")
def a_device_is_complete(case):
    good = case.config()
    good["linux"]["devices"] = [_device("/dev/listed"), {"path": "/dev/fifo", "type": "p"}]
    case.refuses(good, {f"a device without {name}": without(good, ["linux", "devices", 0, name])
                        for name in ("type", "path", "major", "minor")})


@rule("a different file at the path is an error")
def another_file_at_the_path_is_an_error(case):
    def prepare(folder):
        write(folder + "/rootfs/var/file", "")
        os.mknod(folder + "/rootfs/var/device", stat.S_IFCHR | 0o666, os.makedev(1, 5))

    good = case.config()
    good["linux"]["devices"] = [_device("/var/new")]
    case.refuses(good, {f"a device in the place of a {name}": changed(good, ["linux", "devices", 0, "path"], f"/var/{name}")
                        for name in ("file", "device")}, prepare=prepare)


@rule("`null`, `zero`, `full`, `random`, `urandom`, `tty` exist")
def default_devices_are_there(case):
    script = (_shows(*("/dev/" + name for name in DEFAULT)).replace("%n %F %t:%T %a %u %g", "%n %F %t:%T") +
              "; echo x > /dev/null && head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c")
    wanted = [f"/dev/{name} character special file {number}" for name, number in DEFAULT.items()] + ["4", "4"]
    equal(case.output(case.config(script)).splitlines(), wanted, "of the default devices")
    # The host's nodes are mounted there, since the container's root can't make nodes that work.
    equal(case.output(with_user_namespace(case.config(script))).splitlines(), wanted, "in a user namespace, of the devices")


@rule("`/dev/console` exists if there is a terminal")
def the_console_is_there_with_a_terminal(case):
    script = "echo words > /dev/console; stat -c '%F' /dev/console; tty < /dev/tty; exec sleep 1000"
    result, container, terminal = create_with_terminal(case, case.config(script, terminal=True))
    expect(result.status == 0, "status 0 of `create`", result)
    container.start()
    seen = read_terminal(terminal, "/dev/").replace("\r", "").splitlines()
    equal(seen[:2], ["words", "character special file"], "of the console: what is written to it is on the terminal")


@rule("`/dev/ptmx` is a link to the `ptmx` of the container's devpts")
def ptmx_is_a_link(case):
    seen = case.lines("readlink /dev/ptmx; stat -L -c '%F %t:%T' /dev/ptmx; [ /dev/ptmx -ef /dev/pts/ptmx ] && echo same")
    problems = [] if seen[:1] in (["pts/ptmx"], ["/dev/pts/ptmx"]) else [f"the link leads to {seen[:1]}"]
    problems += [] if seen[1:2] == ["character special file 5:2"] else [f"the device is {seen[1:2]}"]
    no_problems(problems, "a link to pts/ptmx")


links = chapter("runtime", "runtime-linux.md")
SHOWS_LINKS = f"for name in {' '.join(LINKS)}; do readlink /dev/$name; done"


@links("the links `/dev/fd`, `stdin`, `stdout`, `stderr` are made after the mounts")
def the_links_are_there(case):
    equal(case.lines(SHOWS_LINKS), list(LINKS.values()), "of the links in /dev")


@links("the links are made also if a bind mount covers `/dev`, or if the image has a file of the same name")
def the_links_are_there_on_a_bind_mount(case):
    folder = _folder_with_null(case)
    write(folder + "/stdin", "the image's")
    config = case.config(SHOWS_LINKS)
    config["mounts"][1] = bind("/dev", folder, "bind")
    del config["mounts"][2]
    equal(case.output(config).splitlines(), list(LINKS.values()), "of the links in /dev")
