"""The list of breakages: reading it, checking it, and making the broken sources of it."""

import dataclasses
import pathlib
import re
import tomllib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / "conformance/teeth"
PLACEHOLDER = re.compile(r"\bisBroken\b")


class ListError(Exception):
    """The list has faults; each argument is a sentence about one of them."""


@dataclasses.dataclass
class Breakage:
    number: int     # from 1, in the order of the list
    name: str       # of its file, as in "config/mounts", and its place there: "config/mounts.3"
    document: str
    chapter: str
    what: str       # what the broken program does wrong
    file: str
    old: str
    new: str
    suite: str
    test: str

    def code(self):
        """The text that stands in the broken sources: as `old`, unless the program is told this breakage's number."""
        return PLACEHOLDER.sub(f"(chosenBreakage() == {self.number})", self.new)


def read():
    """The breakages of all files. Raises ListError."""
    found, faults = [], []
    for path in sorted(FOLDER.glob("*/*.toml")):
        name = str(path.relative_to(FOLDER).with_suffix(""))
        try:
            content = tomllib.loads(path.read_text())
            for place, entry in enumerate(content["breakage"], 1):
                suite, test = entry["test"].split(".")
                found.append(Breakage(
                    len(found) + 1, f"{name}.{place}", content["document"], content["chapter"], entry["what"], entry["file"],
                    entry["old"], entry["new"], suite, test))
        except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
            faults.append(f"{name}: {type(error).__name__}: {error}")
    if faults:
        raise ListError(*faults)
    return found


def chapters():
    """(document, chapter) of each table of rules in docs/conformance."""
    for path in sorted((REPOSITORY / "docs/conformance").glob("*.md")):
        heading = None
        for line in path.read_text().splitlines():
            if line.startswith("#"):
                heading = line.lstrip("# ")
            elif line.startswith("| level ") and heading:
                yield path.name, heading


def check(breakages):
    """What is wrong with the list, as sentences."""
    tests = {}
    for path in REPOSITORY.glob("Tests/**/*.swift"):
        text = path.read_text()
        for suite in re.findall(r"\b(?:struct|class|enum|extension) (\w+Tests)\b", text):
            tests.setdefault(suite, set()).update(re.findall(r"\bfunc (\w+)\(", text))
    for breakage in breakages:
        if len(PLACEHOLDER.findall(breakage.new)) != 1:
            yield f"{breakage.name}: `new` has to ask isBroken once"
        if breakage.test not in tests.get(breakage.suite, ()):
            yield f"{breakage.name}: no such test: {breakage.suite}.{breakage.test}"
    for missing in sorted(set(chapters()) - {(breakage.document, breakage.chapter) for breakage in breakages}):
        yield f"no breakage for {missing[0]}, chapter {missing[1]}"
    for file, here in by_file(breakages).items():
        yield from places(file, here)[1]


def by_file(breakages):
    files = {}
    for breakage in breakages:
        files.setdefault(breakage.file, []).append(breakage)
    return files


def places(file, breakages):
    """Where in a file its breakages' `old` stand, as (start, end, breakage) in order, and the faults that were found."""
    path = REPOSITORY / file
    if not file.startswith("Sources/") or not path.is_file():
        return [], [f"{breakage.name}: no such source file: {file}" for breakage in breakages]
    text, found, faults = path.read_text(), [], []
    for breakage in breakages:
        if (count := text.count(breakage.old)) != 1:
            faults.append(f"{breakage.name}: `old` occurs {count} times in {file}, not once")
        else:
            found.append((start := text.index(breakage.old), start + len(breakage.old), breakage))
    found.sort(key=lambda place: place[0])
    for before, after in zip(found, found[1:]):
        if before[1] > after[0]:
            faults.append(f"{after[2].name}: overlaps with {before[2].name}")
    return found, faults


def broken_text(file, breakages):
    """The text of a source file with its breakages in it."""
    text = (REPOSITORY / file).read_text()
    for start, end, breakage in reversed(places(file, breakages)[0]):
        text = text[:start] + breakage.code() + text[end:]
    if file.endswith(".swift"):
        return text + '\n@_silgen_name("chosenBreakage") private func chosenBreakage() -> Int32\n'
    return "int chosenBreakage(void);\n" + text
