"""The manual pages, as the programs see them that check and show manual pages."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture


def said(*command, **options):
    """What a command writes to both of its streams."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options).stdout


def words(text):
    """A text without what pages write in their own way: white space, quotes, hyphens."""
    return re.sub(r"[\u2010-]\n? *|[‘’“”\"']|\s+", "", text)


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="wherry-manual-")
        cls.addClassCleanup(cls.folder.cleanup)
        fixture.pages(cls.folder.name)
        cls.manual = Path(cls.folder.name, "man")
        cls.pages = sorted(cls.manual.glob("*/*"))

    def shown(self, page):
        environment = os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "100"}
        return said("man", "--warnings", "-l", page, env=environment)

    def test_there_is_a_page_for_each_command(self):
        commands = re.findall(r"^  ([a-z]+) ", said(fixture.PROGRAM, "help").split("Global options")[0], re.M)
        self.assertGreater(len(commands), 15)
        self.assertEqual({page.name for page in self.pages},
                         {f"wherry-{command}.8" for command in commands} | {"wherry.8", "wherry-errors.7"})

    def test_mandoc_finds_no_fault(self):
        faults = said("mandoc", "-T", "lint", *self.pages).splitlines()
        # mandoc looks for other pages in /usr/share/man alone; the next test looks for wherry's own.
        elsewhere = re.compile(r"referenced manual not found|outdated mandoc\.db lacks")
        self.assertEqual([fault for fault in faults if not elsewhere.search(fault)], [])

    def test_refers_to_pages_that_exist(self):
        names = {page.name for page in self.pages}
        for page in self.pages:
            referred = re.findall(r"Xr (wherry\S*) (\d)", page.read_text())
            self.assertTrue(referred, page)
            self.assertLessEqual({f"{name}.{section}" for name, section in referred}, names, page)

    def test_groff_warns_of_nothing(self):
        for page in self.pages:
            errors = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True, env=os.environ | {"LC_ALL": "C.UTF-8", "MANROFFSEQ": ""}).stderr
            self.assertEqual(errors, "", page)

    def test_a_page_says_what_the_help_says(self):
        for command in ("create", "exec", "kill", "update"):
            page = words(self.shown(self.manual / f"man8/wherry-{command}.8"))
            for part in said(fixture.PROGRAM, "help", command).split("\n\n")[1:]:
                for sentence in re.findall(r"[^\n]*\n?", part) if "Options:" not in part and ":\n" not in part else []:
                    self.assertIn(words(sentence), page)
            for option in re.findall(r"--[a-z][\w-]+", said(fixture.PROGRAM, "help", command)):
                self.assertIn(words(option), page)

    def test_shows_synopsis_options_and_statuses_as_the_help_has_them(self):
        page = re.sub(r"\s+", " ", self.shown(self.manual / "man8/wherry-kill.8"))
        for text in ("wherry [GLOBAL OPTIONS] kill [OPTIONS] ID [SIGNAL]", "-a, --all signal all processes in the container",
                     "0 the signal was sent", "EXAMPLES wherry kill web", "wherry-errors(7)"):
            self.assertIn(text, page)

    def test_the_page_of_the_program_has_environment_and_files(self):
        page = self.shown(self.manual / "man8/wherry.8")
        for text in ("XDG_RUNTIME_DIR", "NOTIFY_SOCKET", "/run/wherry.cache", "/etc/criu/wherry.conf", "128 + N"):
            self.assertIn(text, page)

    def test_the_page_of_errors_has_every_code_and_step(self):
        document = (fixture.CHECKOUT / "docs/errors.md").read_text()
        page = self.shown(self.manual / "man7/wherry-errors.7")
        terms = re.findall(r"^\| `([a-z-]+)` \|", document, re.M) + re.findall(r"^- `(.+)`$", document, re.M)
        self.assertGreater(len(terms), 80)
        for term in terms:
            self.assertIn(term, page)

    def test_the_page_of_errors_has_every_sentence(self):
        document = (fixture.CHECKOUT / "docs/errors.md").read_text()
        page = words(self.shown(self.manual / "man7/wherry-errors.7"))
        sentences = re.findall(r"^(?:- |  )`(.+)`\\$", document, re.M)
        self.assertGreater(len(sentences), 500)
        for sentence in sentences:
            self.assertIn(words(sentence), page)
