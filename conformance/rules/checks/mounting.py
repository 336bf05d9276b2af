"""What checks of mounts share: containers with many mounts, and the lines of mountinfo about them."""

import os
import subprocess

from harness.verdicts import Failure

SHOWS_MOUNTS = "cat /proc/self/mountinfo"


class Mount:
    """A line of mountinfo: the mount's options, those of its file system, and its propagation."""

    def __init__(self, line):
        fields = line.split()
        rest = fields.index("-")
        self.point = fields[4]
        self.options, self.of_file_system = fields[5].split(","), fields[rest + 3].split(",")
        self.propagation = [field.split(":")[0] for field in fields[6:rest]]


def mounts_in(text):
    """Returns {mount point: Mount} of the text of a mountinfo file. Of several mounts at a point, the last one counts."""
    return {mount.point: mount for mount in map(Mount, text.splitlines())}


def mounted(case, entries):
    """Mounts the entries of a config, and returns what mountinfo shows."""
    config = case.config(SHOWS_MOUNTS)
    config["mounts"] += entries
    return mounts_in(case.output(config))


def tmpfs(destination, *options):
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": list(options)}


def bind(destination, source, *options):
    return {"destination": destination, "type": "bind", "source": source, "options": list(options)}


def problems_of_options(case, wanted, entry, look):
    """Makes one mount for each list of options, and returns the problems.

    `wanted` is {text of the options: what look(mounts, mount point) should be}. `entry` makes the mount from a destination and
    options. If a container with all the mounts can't be made, each mount gets a container of its own.
    """
    points = {text: f"/m{number}" for number, text in enumerate(wanted)}
    try:
        seen = mounted(case, [entry(points[text], *text.split(",")) for text in wanted])
        return _compare(wanted, points, lambda text: seen, look)
    except Failure:
        return _compare(wanted, points, lambda text: mounted(case, [entry(points[text], *text.split(","))]), look)


def _compare(wanted, points, mounts_for, look):
    problems = []
    for text, what in wanted.items():
        try:
            seen = look(mounts_for(text), points[text])
        except Failure as failure:
            problems.append(f"{text}: {failure.seen}")
        except KeyError:
            problems.append(f"{text}: no mount")
        else:
            if seen != what:
                problems.append(f"{text}: {_text(seen)} instead of {_text(what)}")
    return problems


def _text(value):
    """Returns a text in which sets are always in the same order."""
    if isinstance(value, set):
        return " ".join(sorted(value)) or "nothing"
    return " and ".join(_text(part) for part in value) if isinstance(value, list) else str(value)


def make_source(case, name, options="", propagation="private"):
    """Makes a tmpfs on the host, with another one in its folder `below`. Returns the folder.

    `options` are the flags of both mounts. Both have the file `here`.
    """
    folder = os.path.join(case.folder, name)
    os.mkdir(folder)
    _mount("-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", folder)
    _mount("--make-" + propagation, folder)
    os.mkdir(folder + "/below")
    _mount("-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", folder + "/below")
    _mount("--make-" + propagation, folder + "/below")
    for place in (folder, folder + "/below"):
        with open(place + "/here", "w") as file:
            file.write("here\n")
    if options:
        for place in (folder + "/below", folder):
            _mount("-o", "remount,bind," + options, place)
    return folder


def _mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)
