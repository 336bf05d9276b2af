"""Installs a release in fresh systems, uses it there, and removes it. Needs root and a mount namespace of its own."""

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
# What the package manager and man-db keep for themselves.
KEPT = re.compile(r"/var/lib/dpkg/(status-old|lock.*|triggers/.*)|/var/log/dpkg\.log|/var/cache/man(/.*)?|/var/cache/ldconfig.*")


class System:
    """A fresh system of a distribution, in memory."""

    def __init__(self, suite, keyring):
        packed, new = ROOTS / f"{suite}.tar", ROOTS / f"{suite}.new.tar"
        if not packed.exists():
            ROOTS.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=man-db", f"--keyring={keyring}", suite, new],
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

    def run(self, *command):
        ended = subprocess.run(["chroot", self.root, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               env={"PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", "HOME": "/root", "LC_ALL": "C.UTF-8"})
        if ended.returncode:
            raise AssertionError(f"{command} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        return ended.stdout

    def put(self, file):
        shutil.copy(file, self.root / "srv")
        return f"/srv/{file.name}"


class Installation(unittest.TestCase):
    def system(self, suite, distribution):
        keyring = KEYRINGS / f"{distribution}-archive-keyring.gpg"
        if not keyring.exists():
            self.skipTest(f"{keyring}, which {distribution}'s packages are signed with, isn't installed")
        system = System(suite, keyring)
        self.addCleanup(system.close)
        return system

    def use(self, system, prefix):
        """Runs a container, and finds the pages of the manual."""
        self.assertRegex(system.run("wherry", "--version"), r"^wherry version [\d.]+\n")
        self.assertRegex(system.run("man", "-w", "wherry"), rf"^{prefix}/(share/)?man/man8/wherry\.8(\.gz)?\n$")
        self.assertIn("send a signal to a container", system.run("man", "wherry-kill"))
        fixture.bundle(system.root / "srv/bundle", ["echo", "hello"])
        self.assertEqual(system.run("wherry", "run", "--bundle", "/srv/bundle", "greeting"), "hello\n")
        self.assertEqual(system.run("wherry", "list", "--quiet"), "")

    def package(self, suite, distribution):
        system = self.system(suite, distribution)
        file = system.put(next(fixture.releases()[0].glob("*_amd64.deb")))
        system.run("dpkg", "-i", file)
        self.use(system, "/usr")
        system.run("dpkg", "--verify", "wherry")
        system.run("dpkg", "-r", "wherry")
        self.assertFalse((system.root / "usr/bin/wherry").exists())
        system.run("dpkg", "--purge", "wherry")
        self.assertEqual(system.files() ^ system.before, set())

    def test_the_package_on_debian_12(self):
        self.package("bookworm", "debian")

    def test_the_package_on_debian_13(self):
        self.package("trixie", "debian")

    def test_the_package_on_ubuntu_24_04(self):
        self.package("noble", "ubuntu")

    def test_a_purge_leaves_the_state_of_containers(self):
        system = self.system("bookworm", "debian")
        system.run("dpkg", "-i", system.put(next(fixture.releases()[0].glob("*_amd64.deb"))))
        (system.root / "run/wherry/one").mkdir(parents=True)
        (system.root / "run/wherry.cache").mkdir()
        system.run("dpkg", "--purge", "wherry")
        self.assertEqual(system.files() ^ system.before, {"/run/wherry", "/run/wherry/one"})

    def test_the_tarball_below_usr_local(self):
        system = self.system("bookworm", "debian")
        file = system.put(next(fixture.releases()[0].glob("*amd64.tar.gz")))
        document = (fixture.CHECKOUT / "docs/install.md").read_text()
        install, remove = (re.search(rf"^sudo (sh -c )?.*{word}.*$", document, re.M)[0] for word in ("--strip-components", "xargs"))
        for line in (install, remove):
            if line is remove:
                self.use(system, "/usr/local")
            system.run("sh", "-euc", "cd /srv; sudo() { \"$@\"; }; " + re.sub(r"wherry-[\w.-]+\.tar\.gz", Path(file).name, line))
        left = {path for path in system.files() ^ system.before if not (system.root / path.lstrip("/")).is_dir()}
        self.assertEqual(left, set())
