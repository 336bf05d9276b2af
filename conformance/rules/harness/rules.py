"""The list of rules, which are the rows of the tables in docs/conformance, and the list of checks."""

import pathlib
import re

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY")


class Rule:
    """A row of a table: the place that names it, its level, and whether wherry deviates from it."""

    def __init__(self, document, section, level, text, how):
        self.document, self.section, self.level, self.text, self.how = document, section, level, text, how
        self.checks = []

    @property
    def key(self):
        return self.document, self.section, self.text


class Check:
    def __init__(self, function, keys, name):
        self.function, self.keys = function, keys
        self.name = f"{keys[0][0]}/{name.replace('_', '-')}"
        self.timeout = 90
        self.rules = []

    @property
    def is_deviation(self):
        """Whether each rule that the check shows is one from which wherry deviates by intention."""
        return all(rule.how == "deviation" for rule in self.rules)


checks = []


def chapter(document, section=""):
    """Returns a decorator for the checks of a section. Its arguments are the rules' exact texts.

    A check is a function with one argument, a Case. It raises Failure or Skip, or returns. Its name is that of the function,
    or `name`.
    """
    def rule(*texts, name=None):
        def register(function):
            checks.append(Check(function, [(document, section, text) for text in texts], name or function.__name__))
            return function
        return register
    return rule


def read_rules():
    """Reads the tables. Returns {key: Rule} in the documents' order."""
    rules = {}
    for path in sorted((REPOSITORY / "docs/conformance").glob("*.md")):
        section = ""
        for line in path.read_text().splitlines():
            if line.startswith("## "):
                section = line[3:].strip()
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 4 and cells[0] in LEVELS:
                rule = Rule(path.stem, section, *cells[:3])
                rules[rule.key] = rule
    return rules


def read_unseen(path):
    """Reads the rules that no check can show, with the reasons. The file has blocks: a line "# document: section", then lines
    "rule => reason"."""
    unseen, document, section = {}, "", ""
    for line in path.read_text().splitlines():
        if line.startswith("# "):
            document, _, section = (part.strip() for part in line[2:].partition(":"))
        elif "=>" in line:
            text, _, reason = (part.strip() for part in line.partition(" => "))
            unseen[document, section, text] = reason
    return unseen


def connect(rules, unseen):
    """Connects checks and rules, and puts the checks into the rules' order. Returns the messages about what doesn't fit."""
    faults = []
    for check in checks:
        for key in check.keys:
            if key in rules:
                rules[key].checks.append(check)
                check.rules.append(rules[key])
            else:
                faults.append(f"{check.name} names a rule that is in no table: {' / '.join(key)}")
    places = {key: number for number, key in enumerate(rules)}
    checks.sort(key=lambda check: min(places.get(key, 0) for key in check.keys))
    names = [check.name for check in checks]
    faults += [f"two checks are named {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    faults += [f"unseen.txt names a rule that is in no table: {' / '.join(key)}" for key in unseen if key not in rules]
    for key, rule in rules.items():
        if not rule.checks and key not in unseen:
            faults.append(f"no check shows this rule, and unseen.txt has no reason: {' / '.join(key)}")
        if rule.checks and key in unseen:
            faults.append(f"unseen.txt names a rule that a check shows: {' / '.join(key)}")
    return faults
