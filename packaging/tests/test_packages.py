"""What `make release` makes, and what it refuses."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import fixture

sys.path.insert(0, str(fixture.CHECKOUT / "packaging"))
import components  # noqa: E402


def said(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def temporary(case):
    folder = tempfile.TemporaryDirectory(prefix="wherry-packages-")
    case.addCleanup(folder.cleanup)
    return Path(folder.name)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.clone = temporary(self) / "clone"
        said("git", "clone", "--quiet", fixture.CHECKOUT, self.clone)

    def refusal(self, *arguments, maintainer="A <a@example.org>"):
        ended = subprocess.run([self.clone / "scripts/release", *arguments], capture_output=True, text=True,
                               env=os.environ | {"MAINTAINER": maintainer})
        self.assertEqual(ended.returncode, 1)
        self.assertFalse((self.clone / "dist").exists())
        return ended.stderr

    def test_refuses_a_tree_with_changes(self):
        (self.clone / "README.md").write_text("changed")
        (self.clone / "new").touch()
        self.assertEqual(self.refusal(), "wherry: a release is made of a commit, but these files differ from it:\n M README.md\n?? new\n")

    def test_refuses_a_version_without_a_chapter_in_the_changelog(self):
        file = self.clone / "Sources/wherry/Version.swift"
        file.write_text(re.sub(r'{ "[\d.]+" }', '{ "9.8.7" }', file.read_text()))
        said("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-am", "Change the version", cwd=self.clone)
        self.assertEqual(self.refusal(), 'wherry: CHANGELOG.md has no chapter "[9.8.7]": say what is new in this version.\n')

    def test_refuses_an_architecture_that_there_is_no_build_for(self):
        self.assertEqual(self.refusal("arm64", "riscv64"), "wherry: ARCH is 'riscv64'; it can be amd64 or arm64.\n")

    def test_refuses_a_package_that_nobody_maintains(self):
        for maintainer in ("", "Anna", "<a@example.org>", "Anna <example.org>", "Anna a@example.org"):
            self.assertEqual(self.refusal(maintainer=maintainer),
                             'wherry: the Debian package needs a maintainer: say MAINTAINER="Name <address>" make release.\n', maintainer)

    def test_refuses_a_library_whose_license_is_unknown(self):
        linker_map = temporary(self) / "map"
        linker_map.write_text(" 1 1 1 1 /usr/lib/libseccomp.a(api.o):(.text)\n 1 1 1 1 /usr/lib/libother.a(one.o):(.text)\n")
        with self.assertRaises(SystemExit) as raised:
            components.linked(linker_map)
        self.assertEqual(str(raised.exception), "release: packaging/components.py doesn't know the license of /usr/lib/libother.a, which is linked in")


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first, cls.second = fixture.releases()
        cls.seconds = int(said("git", "log", "-1", "--format=%ct", cwd=cls.first))
        cls.version = said(fixture.PROGRAM, "--version").split()[2]

    def files(self, pattern):
        found = sorted(self.first.glob(pattern))
        self.assertTrue(found, pattern)
        return found

    def test_two_folders_make_the_same_bytes(self):
        names = [sorted(path.name for path in release.iterdir()) for release in (self.first, self.second)]
        self.assertEqual(*names)
        self.assertIn("SHA256SUMS", names[0])
        for name in names[0]:
            self.assertEqual((self.first / name).read_bytes(), (self.second / name).read_bytes(), name)

    def test_each_architecture_has_its_own_program(self):
        # The field e_machine of ELF: EM_X86_64 and EM_AARCH64.
        machines = {"amd64": 62, "arm64": 183}
        found = {path.name.split("_")[2].removesuffix(".deb") for path in self.files("*.deb")}
        self.assertEqual(found, set(machines) if said("dpkg", "--print-architecture").strip() == "amd64" else {"arm64"})
        for architecture in found:
            folder = temporary(self)
            said("dpkg-deb", "-x", self.files(f"*_{architecture}.deb")[0], folder)
            said("tar", "-xf", self.files(f"*-{architecture}.tar.gz")[0], "-C", folder, "--strip-components=1")
            for program in (folder / "bin/wherry", folder / "usr/bin/wherry"):
                self.assertEqual(int.from_bytes(program.read_bytes()[18:20], "little"), machines[architecture], program)

    def test_the_sums_are_right_and_complete(self):
        said("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=self.first)
        named = {line.split()[1] for line in (self.first / "SHA256SUMS").read_text().splitlines()}
        self.assertEqual(named, {path.name for path in self.first.iterdir()} - {"SHA256SUMS"})

    def test_a_tarball_is_the_same_whoever_makes_it(self):
        for path in self.files("*.tar.gz"):
            with tarfile.open(path) as packed:
                members = packed.getmembers()
            self.assertEqual([member.name for member in members], sorted(member.name for member in members))
            self.assertEqual({(member.uid, member.gid, member.mtime) for member in members}, {(0, 0, self.seconds)})
            for member in members:
                executable = member.isdir() or member.name.endswith("/bin/wherry")
                self.assertEqual(member.mode, 0o755 if executable else 0o644, member.name)
            # The time and the name that gzip would note.
            self.assertEqual(path.read_bytes()[3:8], b"\0" * 5)

    def test_no_file_names_the_folder_of_the_build(self):
        for path in self.files("*.tar.gz"):
            with tarfile.open(path) as packed:
                for member in filter(tarfile.TarInfo.isfile, packed):
                    self.assertNotIn(str(self.first.parent).encode(), packed.extractfile(member).read(), member.name)

    def test_the_program_needs_no_other_file(self):
        folder = temporary(self)
        said("tar", "-xf", self.files("*amd64.tar.gz")[0], "-C", folder, "--strip-components=1")
        self.assertIn(f"wherry version {self.version}\n", said("chroot", folder, "/bin/wherry", "--version"))

    def test_the_licenses_of_all_that_is_linked_in_come_along(self):
        for path in self.files("*.spdx.json"):
            document = json.loads(path.read_text())
            names = {entry["SPDXID"]: entry["name"] for entry in document["packages"]}
            linked = {names[relation["relatedSpdxElement"]] for relation in document["relationships"]
                      if relation["relationshipType"] == "STATIC_LINK"}
            self.assertLessEqual({"musl", "libseccomp", "yajl", "libcap2", "swift"}, linked)
            with tarfile.open(str(path).replace(".spdx.json", ".tar.gz")) as packed:
                texts = {Path(name).name for name in packed.getnames() if "/licenses/" in name}
            self.assertLessEqual(linked | {"LGPL-2.1"}, texts)

    def test_the_document_has_the_checksums_of_files_and_libraries(self):
        for path in self.files("*.spdx.json"):
            packages = json.loads(path.read_text())["packages"]
            sums = {entry["name"]: entry["checksums"][0]["checksumValue"] for entry in packages if "checksums" in entry}
            released = [name for name in sums if (self.first / name).is_file()]
            self.assertEqual(len(released), 2)
            for name in released:
                self.assertEqual(sums[name], hashlib.sha256((self.first / name).read_bytes()).hexdigest())
            self.assertLessEqual({"wherry", "musl", "libseccomp", "yajl", "libcap2"}, sums.keys())

    def test_the_debian_package_depends_on_nothing_and_names_its_libraries(self):
        for path in self.files("*.deb"):
            fields = dict(re.findall(r"^([\w-]+): (.*)$", said("dpkg-deb", "-f", path), re.M))
            self.assertEqual((fields["Package"], fields["Version"]), ("wherry", f"{self.version}-1"))
            self.assertNotIn("Depends", fields)
            self.assertIn("criu", fields["Suggests"])
            self.assertRegex(fields["Static-Built-Using"], r"libcap2 \(= .+\), libseccomp \(= .+\), musl \(= .+\), yajl \(= .+\)")

    def test_the_debian_package_has_the_sums_of_all_its_files(self):
        folder = temporary(self)
        said("dpkg-deb", "-R", self.files("*amd64.deb")[0], folder)
        said("md5sum", "--check", "--strict", "DEBIAN/md5sums", cwd=folder)
        named = {line.split("  ")[1] for line in (folder / "DEBIAN/md5sums").read_text().splitlines()}
        self.assertEqual(named, {str(path.relative_to(folder)) for path in (folder / "usr").rglob("*") if path.is_file()})

    def test_lintian_finds_no_fault(self):
        for path in self.files("*.deb"):
            # Debian 12's lintian doesn't know the field Static-Built-Using yet.
            found = subprocess.run(["lintian", "--allow-root", "--display-info", "--pedantic", "--suppress-tags", "unknown-field", path],
                                   capture_output=True, text=True)
            self.assertEqual(found.stdout + found.stderr, "")
