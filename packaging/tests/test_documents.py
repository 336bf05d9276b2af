"""The documents of a release: each link in them leads somewhere."""

import gzip
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture


def anchors(text):
    """The names by which links name a document's chapters, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links(folder):
    """Links that lead to no file of the folder, or to no chapter of it. The changelog of a Debian package is compressed."""
    texts = {path.name: path.read_text() for path in folder.glob("*.md")}
    texts |= {path.name: gzip.decompress(path.read_bytes()).decode() for path in folder.glob("changelog.gz")}
    found = []
    for name, text in texts.items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            if re.match(r"https?://", target):
                continue
            if not (folder / (file or name)).is_file() or anchor and anchor not in anchors(texts[file or name]):
                found.append(f"{name}: {target}")
    return found


class Documents(unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="wherry-documents-")
        self.addCleanup(folder.cleanup)
        return Path(folder.name)

    def test_no_link_of_the_tarball_is_dead(self):
        folder = self.folder()
        subprocess.run(["tar", "-xf", next(fixture.releases()[0].glob("*amd64.tar.gz")), "-C", folder, "--strip-components=1"], check=True)
        documents = folder / "share/doc/wherry"
        self.assertLessEqual({"install.md", "tutorial.md", "check.md", "CHANGELOG.md"}, {path.name for path in documents.iterdir()})
        self.assertEqual(dead_links(documents), [])

    def test_no_link_of_the_package_is_dead(self):
        folder = self.folder()
        subprocess.run(["dpkg-deb", "-x", next(fixture.releases()[0].glob("*_amd64.deb")), folder], check=True)
        self.assertEqual(dead_links(folder / "usr/share/doc/wherry"), [])

    def test_a_dead_link_is_found(self):
        folder = self.folder()
        (folder / "one.md").write_text("# One\n[two](two.md) [no chapter](two.md#three) [own](#one) [up](../README.md) [site](https://example.org/)\n")
        (folder / "two.md").write_text("# Two\n[gone](gone.md)\n")
        self.assertEqual(sorted(dead_links(folder)), ["one.md: ../README.md", "one.md: two.md#three", "two.md: gone.md"])
