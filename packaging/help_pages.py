"""Reads the help of a built program: `wherry help` and `wherry help COMMAND`, as Sources/wherry/CommandLine/HelpPage.swift
lays them out."""

import dataclasses
import re
import subprocess

# HelpPage.swift: where the sentences about options and statuses begin.
OPTION_COLUMN, COMMAND_COLUMN, STATUS_COLUMN = 29, 14, 12
HEADING = re.compile(r"(Commands|Global options|Options|Example|Exit status):")


@dataclasses.dataclass
class Option:
    short: str | None  # a letter
    name: str
    value: str | None  # as the help shows it: "DIR", "text|json"
    sentence: str

    @property
    def words(self):
        """The words that the value can be; empty if it can be other things."""
        fixed = self.value is not None and re.fullmatch(r"[a-z|]+", self.value)
        return self.value.split("|") if fixed else []

    @property
    def may_repeat(self):
        return "may be repeated" in self.sentence or self.sentence.startswith("add ")

    @property
    def gist(self):
        """The sentence without defaults and remarks."""
        return re.split(r"; | \(default|, such as", self.sentence)[0].rstrip(".")


@dataclasses.dataclass
class Page:
    usage: str
    paragraphs: list
    options: list
    examples: list
    statuses: list  # pairs of a status and its meaning
    commands: list  # pairs of a name and its summary; only in the help of the program

    @property
    def operands(self):
        """What the usage names behind the command: ["ID", "SIGNAL"]. A word in small letters stands for itself."""
        behind = re.sub(r"^wherry [a-z]+", "", self.usage)
        return [word for word in re.findall(r"[A-Z_]{2,}|[a-z]+", behind) if word not in ("GLOBAL", "OPTIONS")]

    @property
    def placeholders(self):
        """The words of the page that stand for something the user chooses."""
        values = [option.value for option in self.options if option.value and not option.words]
        return {word for word in self.operands if word.isupper()} | {word for value in values for word in re.findall(r"[A-Z_]{2,}", value)}


def entries(lines, column):
    """Pairs of a term and its sentence. A term that reaches into the column stands on a line of its own."""
    found = []
    for line in lines:
        if line.startswith(" " * column):
            term, sentence = found[-1]
            found[-1] = (term, (sentence + " " + line.strip()).strip())
        elif line[column - 2:column].strip():
            found.append((line.strip(), ""))
        else:
            found.append((line[:column].strip(), line[column:].strip()))
    return found


def option(term, sentence):
    found = re.fullmatch(r"(?:-(\w), )?--([\w-]+)(?: (.+))?", term)
    if not found:
        raise SystemExit(f'pages: this isn\'t an option: "{term}"')
    return Option(found[1], found[2], found[3], sentence)


def parse(text):
    lines = text.splitlines()
    sections, name = {"": []}, ""
    for line in lines[1:]:
        heading = HEADING.fullmatch(line)
        if heading:
            name = heading[1]
            sections[name] = []
        elif line and not line.startswith(" "):
            # Prose, also what follows the last section.
            sections[""].append(line)
        elif line:
            sections[name].append(line)
        else:
            sections[""].append("")
    paragraphs = re.split(r"\n\n+", "\n".join(sections[""]).strip())
    options = sections.get("Options", []) + sections.get("Global options", [])
    return Page(
        usage=lines[0].removeprefix("Usage: "),
        paragraphs=[" ".join(paragraph.split()) for paragraph in paragraphs],
        options=[option(*entry) for entry in entries(options, OPTION_COLUMN)],
        examples=[line.strip() for line in sections["Example"]],
        statuses=entries(sections.get("Exit status", []), STATUS_COLUMN),
        commands=entries(sections.get("Commands", []), COMMAND_COLUMN))


class Help:
    """All help pages of a program."""

    def __init__(self, program):
        def said(*arguments):
            return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

        version = dict(re.split(r"(?:: | version )", line, maxsplit=1) for line in said("--version").splitlines())
        self.version, self.specification = version["wherry"], version["spec"]
        self.features = said("features")
        self.overview = parse(said("help"))
        self.pages = {name: parse(said("help", name)) for name, _ in self.overview.commands}
        self.summaries = dict(self.overview.commands)
