"""Installs a release in fresh systems, uses it there, and removes it. Needs root and a mount namespace of its own."""

import re
import unittest
from pathlib import Path

import fixture
import systems


class Installation(unittest.TestCase):
    def use(self, system, prefix):
        """Runs a container, and shows the pages of the manual."""
        self.assertRegex(system.run("wherry", "--version"), r"^wherry version [\d.]+\n")
        self.assertRegex(system.run("man", "-w", "wherry"), rf"^{prefix}/(share/)?man/man8/wherry\.8(\.gz)?\n$")
        self.assertIn("send a signal to a container", system.run("man", "wherry-kill"))
        # Each distribution has another version of groff.
        for page in sorted(system.root.glob(f"{prefix.lstrip('/')}/share/man/man*/wherry*")):
            said = system.run("sh", "-c", f"man --warnings -E UTF-8 -Tutf8 -Z {page.name.split('.')[0]} 2>&1 >/dev/null", MANROFFSEQ="")
            self.assertEqual(said, "", page.name)
        fixture.bundle(system.root / "srv/bundle", ["echo", "hello"])
        self.assertEqual(system.run("wherry", "run", "--bundle", "/srv/bundle", "greeting"), "hello\n")
        self.assertEqual(system.run("wherry", "list", "--quiet"), "")

    def package(self, suite, distribution):
        system = systems.system(self, suite, distribution)
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
        system = systems.system(self, "bookworm", "debian")
        system.run("dpkg", "-i", system.put(next(fixture.releases()[0].glob("*_amd64.deb"))))
        (system.root / "run/wherry/one").mkdir(parents=True)
        (system.root / "run/wherry.cache").mkdir()
        system.run("dpkg", "--purge", "wherry")
        self.assertEqual(system.files() ^ system.before, {"/run/wherry", "/run/wherry/one"})

    def test_the_tarball_below_usr_local(self):
        system = systems.system(self, "bookworm", "debian")
        file = system.put(next(fixture.releases()[0].glob("*amd64.tar.gz")))
        document = (fixture.CHECKOUT / "docs/install.md").read_text()
        install, remove = (re.search(rf"^sudo (sh -c )?.*{word}.*$", document, re.M)[0] for word in ("--strip-components", "xargs"))
        for line in (install, remove):
            if line is remove:
                self.use(system, "/usr/local")
            system.run("sh", "-euc", "cd /srv; sudo() { \"$@\"; }; " + re.sub(r"wherry-[\w.-]+\.tar\.gz", Path(file).name, line))
        left = {path for path in system.files() ^ system.before if not (system.root / path.lstrip("/")).is_dir()}
        self.assertEqual(left, set())
