"""Fresh systems of distributions. Needs root and a mount namespace of its own."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture

KEYRINGS = Path(os.environ.get("KEYRINGS", "/usr/share/keyrings"))
ROOTS = fixture.CHECKOUT / ".build/roots"
# What a system has beside what its distribution requires, which on Ubuntu isn't even apt. Debian 13 has a fish of another major
# version than Debian 12.
PACKAGES = {"trixie": "apt,fish,man-db"}
# What the package manager and man-db keep for themselves.
KEPT = re.compile(r"/var/lib/dpkg/(status-old|lock.*|triggers/.*)|/var/log/dpkg\.log|/var/cache/man(/.*)?|/var/cache/ldconfig.*"
                  r"|/var/(cache|log|lib)/apt/.*|/var/cache/debconf/.*")


class System:
    """A fresh system of a distribution, in memory."""

    def __init__(self, suite, keyring):
        packages = PACKAGES.get(suite, "apt,man-db")
        packed, new = ROOTS / f"{suite}-{packages}.tar", ROOTS / f"{suite}.new.tar"
        if not packed.exists():
            ROOTS.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", f"--keyring={keyring}", suite, new],
                           check=True, stdin=subprocess.DEVNULL)
            new.rename(packed)
        self.root = Path(tempfile.mkdtemp(prefix="wherry-system-"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "wherry-system", self.root], check=True)
        subprocess.run(["tar", "-xf", packed, "-C", self.root, "--exclude=./dev/*"], check=True)
        for kind in ("dev", "sys", "proc"):
            subprocess.run(["mount", "--rbind", f"/{kind}", self.root / kind], check=True)
        self.before = self.files()

    def close(self):
        subprocess.run(["umount", "--recursive", "--lazy", self.root], check=True)
        self.root.rmdir()

    def files(self):
        found = set()
        for place, folders, names in os.walk(self.root):
            inside = "/" + os.path.relpath(place, self.root)
            if inside == "/.":
                inside, folders[:] = "", [name for name in folders if name not in ("dev", "sys", "proc", "tmp", "srv")]
            found.update(f"{inside}/{name}" for name in folders + names)
        return {path for path in found if not KEPT.fullmatch(path)}

    def run(self, *command, **variables):
        usual = {"PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
        ended = subprocess.run(["chroot", self.root, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               env=usual | variables)
        if ended.returncode:
            raise AssertionError(f"{command} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        return ended.stdout

    def put(self, file):
        shutil.copy(file, self.root / "srv")
        return f"/srv/{file.name}"


def system(case, suite, distribution):
    """A system for a test or a class of tests, which it skips without the key that the packages are signed with."""
    keyring = KEYRINGS / f"{distribution}-archive-keyring.gpg"
    if not keyring.exists():
        raise unittest.SkipTest(f"{keyring}, which {distribution}'s packages are signed with, isn't installed")
    made = System(suite, keyring)
    (case.addClassCleanup if isinstance(case, type) else case.addCleanup)(made.close)
    return made
