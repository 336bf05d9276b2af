"""The broken copy of the sources, its programs, and the number in them that says which breakage is active."""

import contextlib
import fcntl
import os
import shutil
import subprocess

from . import breakages

TREE = breakages.REPOSITORY / ".build/teeth"
PROGRAM = TREE / ".build/release/wherry"
TESTS = TREE / ".build/debug/wherryPackageTests.xctest"

# `volatile`, so that the compiler reads the number where it stands instead of taking it as 0.
MARK = b"the active breakage is number:"
NUMBER = f"""static const volatile struct {{ char mark[{len(MARK) + 2}]; int number; }} active = {{"{MARK.decode()}", 0}};
int chosenBreakage(void);
int chosenBreakage(void) {{ return active.number; }}
"""


class BuildError(Exception):
    pass


@contextlib.contextmanager
def lock():
    """Keeps others from this folder: two runs would give each other's programs their numbers."""
    TREE.mkdir(parents=True, exist_ok=True)
    with open(TREE.with_name("teeth.lock"), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildError(f"another run is at work in {TREE}") from None
        yield


def build(everything):
    """Copies the repository's files, breaks the sources in all places, and builds program and tests."""
    shown = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=breakages.REPOSITORY, check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    names = {name for name in shown.split("\0") if name and (breakages.REPOSITORY / name).is_file()}
    broken = breakages.by_file(everything)
    for name in names:
        source, copy = breakages.REPOSITORY / name, TREE / name
        if name in broken:
            content = breakages.broken_text(name, broken[name]).encode()
        else:
            content = source.read_bytes()
        put(copy, content, source.stat().st_mode & 0o777)
    put(TREE / "Sources/CLinux/breakage.c", NUMBER.encode(), 0o644)
    remove_others(names | {"Sources/CLinux/breakage.c"})
    for command in (["scripts/build"], ["swift", "build", "--disable-local-rpath", "--build-tests"]):
        subprocess.run(command, cwd=TREE, check=True)


def put(copy, content, mode):
    """Writes a file if it is new or different: what the compiler has built before stays good."""
    if copy.exists() and copy.read_bytes() == content:
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    copy.chmod(mode)


def remove_others(names):
    """Removes files of an earlier copy that the repository doesn't have any more."""
    for folder in ("Sources", "Tests"):
        for path in (TREE / folder).rglob("*"):
            if path.is_file() and str(path.relative_to(TREE)) not in names:
                path.unlink()


def choose(number):
    """Makes a breakage the active one; 0 stands for none."""
    for path in (PROGRAM, TESTS):
        content = path.read_bytes()
        if content.count(MARK) != 1:
            raise BuildError(f"{path} doesn't have the number of the active breakage")
        place = content.index(MARK) + len(MARK) + 2
        changed = content[:place] + number.to_bytes(4, "little") + content[place + 4:]
        # A new file in place of the old one: the old one may still be executed by a process that is about to end.
        new = path.with_name(path.name + ".new")
        new.write_bytes(changed)
        shutil.copymode(path, new)
        os.replace(new, path)
