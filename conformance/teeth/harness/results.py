"""The counts of a run, and the file conformance/TEETH.md."""

from . import breakages, tests

FILE = breakages.REPOSITORY / "conformance/TEETH.md"
HEAD = """# Breakages that the tests see

`make teeth` breaks wherry's source on purpose, one breakage at a time, and runs the test that has to fail (be "red") then. It
writes this file: don't edit it. [teeth/README.md](teeth/README.md) says how it works. `docs/conformance` has the rules of each
chapter.

"""


def by_chapter(chosen):
    chapters = {}
    for breakage in chosen:
        chapters.setdefault((breakage.document, breakage.chapter), []).append(breakage)
    return chapters


def table(chosen, outcomes):
    rows = ["| document | chapter | breakages | seen | not seen |", "|---|---|--:|--:|--:|"]
    for (document, chapter), here in by_chapter(chosen).items():
        red = sum(outcomes[breakage.name] == tests.RED for breakage in here)
        rows.append(f"| {document} | {chapter} | {len(here)} | {red} | {len(here) - red} |")
    red = sum(outcome == tests.RED for outcome in outcomes.values())
    rows.append(f"| all | | {len(chosen)} | {red} | {len(chosen) - red} |")
    return "\n".join(rows) + "\n"


def row(breakage, outcome):
    return f"| {breakage.what} | `{breakage.suite}.{breakage.test}` | {outcome} |\n"


def outdated(everything):
    """Sentences about breakages that the file has no result for."""
    text = FILE.read_text()
    return [f"{breakage.name}: TEETH.md doesn't say that its test fails: make teeth"
            for breakage in everything if row(breakage, tests.RED) not in text]


def write(chosen, outcomes):
    """Writes the counts and the list of breakages with their tests."""
    parts = [HEAD, table(chosen, outcomes)]
    for (document, chapter), here in by_chapter(chosen).items():
        title = chapter if chapter.startswith(document.removesuffix(".md")) else f"{document}: {chapter}"
        parts.append(f"\n## {title}\n\n| breakage | test | result |\n|---|---|---|\n")
        for breakage in here:
            parts.append(row(breakage, outcomes[breakage.name]))
    new = FILE.with_name(FILE.name + ".new")
    new.write_text("".join(parts))
    new.replace(FILE)
