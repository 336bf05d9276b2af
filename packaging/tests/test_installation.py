"""Installs a release in fresh systems, uses it there, and removes it. Needs root and a mount namespace of its own."""

import re
import unittest

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

    def obey(self, system, chapter, number):
        """Runs a block of commands of a chapter of docs/install.md, in the folder that has the release's files."""
        text = re.search(rf"^## {chapter}\n(.*?)^## ", (fixture.CHECKOUT / "docs/install.md").read_text(), re.M | re.S)[1]
        block = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)[number]
        version = system.package.name.split("_")[1].removesuffix("-1")
        system.run("sh", "-euc", "cd /srv; sudo() { \"$@\"; }\n" + block.replace("VERSION", version), APT_CONFIG="/srv/apt.conf")

    def prepared(self, suite, distribution):
        """A system that has the files of the release."""
        system = systems.system(self, suite, distribution)
        for file in fixture.releases()[0].glob("*amd64*"):
            system.put(file)
        system.package = next(fixture.releases()[0].glob("*_amd64.deb"))
        (system.root / "srv/apt.conf").write_text('APT::Get::Assume-Yes "true"; Acquire::Languages "none";')
        return system

    def package(self, suite, distribution):
        system = self.prepared(suite, distribution)
        self.obey(system, "From the package", 0)
        self.use(system, "/usr")
        if suite == "trixie":
            self.assertIn("run the program", self.completed(system))
        system.run("dpkg", "--verify", "wherry")
        self.obey(system, "From the package", 1)
        self.assertFalse((system.root / "usr/bin/wherry").exists())
        self.assertEqual(system.files() ^ system.before, set())

    def test_the_package_on_debian_12(self):
        self.package("bookworm", "debian")

    def test_the_package_on_debian_13(self):
        self.package("trixie", "debian")

    def test_the_package_on_ubuntu_24_04(self):
        self.package("noble", "ubuntu")

    def test_a_purge_leaves_the_state_of_containers(self):
        system = self.prepared("bookworm", "debian")
        self.obey(system, "From the package", 0)
        (system.root / "run/wherry/one").mkdir(parents=True)
        (system.root / "run/wherry.cache").mkdir()
        self.obey(system, "From the package", 1)
        self.assertEqual(system.files() ^ system.before, {"/run/wherry", "/run/wherry/one"})

    def test_the_tarball_below_usr_local(self):
        system = self.prepared("trixie", "debian")
        self.obey(system, "From the tarball", 0)
        self.use(system, "/usr/local")
        # fish finds the completions by the link that the second block makes.
        self.assertNotIn("run the program", self.completed(system))
        self.obey(system, "From the tarball", 1)
        self.assertIn("run the program", self.completed(system))
        self.obey(system, "From the tarball", 2)
        left = {path for path in system.files() ^ system.before if not (system.root / path.lstrip("/")).is_dir()}
        self.assertEqual(left, set())
        self.assertFalse((system.root / "usr/local/share/doc/wherry").exists())

    def completed(self, system):
        """What fish offers, which keeps files of its own at home."""
        return system.run("fish", "-c", 'complete -C "wherry --debug st"', HOME="/tmp")
