"""The files of a release, as they lie below /usr or /usr/local."""

import os
import re
import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
# Documents for those who use wherry.
DOCUMENTS = [Path("docs", name) for name in (
    "install.md", "tutorial.md", "engines.md", "kubernetes.md", "rootless.md", "environment.md", "errors.md", "security.md", "check.md",
    "trace.md", "trace.svg")] + [Path("CHANGELOG.md")]
FOLDER = Path("share/doc/wherry")
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)#]*)(#[^)]*)?\)")


def put(source, place, mode=0o644):
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(mode)


def adapted(text, document):
    """A document's text with links that fit where it's installed: all documents lie in one folder, without the rest of the sources.
    A link to what isn't installed becomes words that say where it is."""
    def link(match):
        words, target, anchor = match[1], match[2], match[3] or ""
        if not target:
            return match[0]
        place = Path(os.path.normpath(document.parent / target))
        if place in DOCUMENTS:
            return f"[{words}]({place.name}{anchor})"
        if not (CHECKOUT / place).exists():
            raise SystemExit(f"release: {document} has a link to {place}, which doesn't exist")
        return f"{place} in the sources" if words in (place.stem, place.name, str(place)) else f"{words} ({place} in the sources)"
    return LINK.sub(link, text)


def build(directory, program, pages, components):
    """Makes the files in a new directory.

    program: the built program
    pages: the directory of the manual pages and the completions
    components: what is linked in; the texts of its licenses are in licenses/"""
    put(program, directory / "bin/wherry", 0o755)
    for page in sorted(path for path in pages.rglob("*") if path.is_file()):
        put(page, directory / "share" / page.relative_to(pages))
    for document in DOCUMENTS:
        place = directory / FOLDER / document.name
        put(CHECKOUT / document, place)
        if document.suffix == ".md":
            place.write_text(adapted(place.read_text(), document))
    put(CHECKOUT / "LICENSE", directory / FOLDER / "LICENSE")
    for component in components:
        # The first text is the component's own; others are shared by many, and have a name of their own.
        for number, text in enumerate(component.texts):
            put(text, directory / FOLDER / "licenses" / (text.name if number else component.name))


def settle(directory, seconds):
    """Gives all files the same time, and the rights that they'd have with the usual umask."""
    for path in [directory, *directory.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (seconds, seconds))
