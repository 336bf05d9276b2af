"""Writes RESULTS.md."""

import os
import re

from . import cgroups
from .session import session

HEAD = """# Results

`make conformance` writes this file: don't edit it. [rules/README.md](rules/README.md) describes the checks. The rules are those
of [docs/conformance.md](../docs/conformance.md), which paraphrase the OCI Runtime Specification 1.3.0. A runtime that follows
an earlier version of the specification fails checks of what came later.

| result | meaning |
|---|---|
| pass | the runtime follows the rule |
| FAIL | it doesn't: see "Failures" below |
| skip | the machine can't show the rule, or it's about something optional that the runtime lacks: see "Skipped checks" below |
| deviation | wherry does something else by intention: see [docs/conformance.md](../docs/conformance.md#deviations) |
"""


def write(path, runtimes, rules, unseen):
    parts = [HEAD, _machine(runtimes), _counts(runtimes, rules)]
    for document in dict.fromkeys(rule.document for rule in rules.values()):
        parts.append(_table(document, runtimes, [rule for rule in rules.values() if rule.document == document]))
    parts.append(_remarks("Failures", "FAIL", runtimes))
    parts.append(_remarks("Skipped checks", "skip", runtimes))
    parts.append(_unseen(rules, unseen))
    with open(path, "w") as file:
        file.write("\n".join(part for part in parts if part))


def _row(*cells):
    return "| " + " | ".join(str(cell).replace("\n", " ") for cell in cells) + " |\n"


def _head(*names):
    return _row(*names) + "|" + "---|" * len(names) + "\n"


def _escaped(text):
    """Keeps a message from being read as Markdown, and replaces what differs from run to run."""
    text = text.replace("|", "\\|").replace("<", "&lt;")
    for pattern, name in ((re.escape(session.folder) + r"/case-\d+", "CASE"), (re.escape(session.name) + r"-\d+-\d+", "ID"),
                          (re.escape(session.folder), "FOLDER"), (re.escape(session.name), "NAME")):
        text = re.sub(pattern, name, text)
    return text


def _machine(runtimes):
    kernel = os.uname().release.split("-")[0]
    text = f"Kernel {kernel}, cgroup {cgroups.version()}, {os.uname().machine}.\n\n" + _head("runtime", "version")
    return text + "".join(_row(runtime.name, runtime.version) for runtime in runtimes)


def _counts(runtimes, rules):
    """One row for each chapter: how many checks have each result."""
    text = "## Counts\n\nA check that shows rules of several chapters is counted with the first one.\n\n"
    text += _head("chapter", "rules", "checks", *(f"{runtime.name}: pass, FAIL, skip, deviation" for runtime in runtimes))
    chapters = dict.fromkeys((rule.document, rule.section) for rule in rules.values())
    everything = list(dict.fromkeys(check for rule in rules.values() for check in rule.checks))
    for chapter in chapters:
        own = [check for check in everything if check.keys[0][:2] == chapter]
        number = sum((rule.document, rule.section) == chapter for rule in rules.values())
        text += _row(": ".join(filter(None, chapter)), number, len(own), *(_tally(runtime, own) for runtime in runtimes))
    return text + _row("all", len(rules), len(everything), *(_tally(runtime, everything) for runtime in runtimes))


def _tally(runtime, checks):
    results = [runtime.results[check.name][0] for check in checks if check.name in runtime.results]
    return ", ".join(str(results.count(name)) for name in ("pass", "FAIL", "skip", "deviation"))


def _table(document, runtimes, rules):
    text, section = f"## {document}.md\n", None
    for rule in rules:
        if rule.section != section:
            section = rule.section
            text += (f"\n### {section}\n" if section else "")
            text += "\n" + _head("level", "rule", "check", *(runtime.name for runtime in runtimes))
        for check in rule.checks:
            results = [runtime.results.get(check.name, ("not run",))[0] for runtime in runtimes]
            text += _row(rule.level, rule.text, check.name.split("/")[1], *results)
        if not rule.checks:
            text += _row(rule.level, rule.text, "none", *("" for _ in runtimes))
    return text


def _remarks(title, wanted, runtimes):
    rows = {}
    for runtime in runtimes:
        for name, (result, remark) in runtime.results.items():
            if result == wanted:
                rows.setdefault((name, _escaped(remark)[:500]), []).append(runtime.name)
    if not rows:
        return ""
    lines = (f"- {name}, {', '.join(who)}: {remark}\n" for (name, remark), who in sorted(rows.items()))
    return f"## {title}\n\n" + "".join(lines)


def _unseen(rules, unseen):
    text = "## Rules without a check\n\n" + _head("document", "level", "rule", "why")
    return text + "".join(_row(key[0], rules[key].level, rules[key].text, reason) for key, reason in unseen.items()
                          if key in rules)
