"""The files of a release, as they lie below /usr or /usr/local."""

import os
import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
# Documents for those who use wherry.
DOCUMENTS = ("install", "engines", "kubernetes", "rootless", "environment", "errors", "security")
FOLDER = Path("share/doc/wherry")


def put(source, place, mode=0o644):
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(mode)


def build(directory, program, pages, components):
    """Makes the files in a new directory.

    program: the built program
    pages: the directory of the manual pages and the completions
    components: what is linked in; the texts of its licenses are in licenses/"""
    put(program, directory / "bin/wherry", 0o755)
    for page in sorted(path for path in pages.rglob("*") if path.is_file()):
        put(page, directory / "share" / page.relative_to(pages))
    for name in DOCUMENTS:
        put(CHECKOUT / f"docs/{name}.md", directory / FOLDER / f"{name}.md")
    put(CHECKOUT / "CHANGELOG.md", directory / FOLDER / "CHANGELOG.md")
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
