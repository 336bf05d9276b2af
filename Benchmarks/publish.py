"""Writes one run's results where readers look for them, so that all of them come from the same run."""

import re

import chart
from bundles import HERE
from report import behind_in_words
from runtimes import Failure

RESULTS = HERE / "RESULTS.md"
CHART = HERE.parent / "docs/benchmark.svg"
README = HERE.parent / "README.md"
BLOCK = re.compile(r"(<!-- Benchmarks/bench --publish writes this -->\n).*?(<!-- end -->)", re.S)
# The rows of the table in README.md.
SHORT = re.compile(r"plain, run, .*|docker, create.*|docker, exec.*|docker, run, \d+ at once|docker, peak.*|`state`, instr.*")


def publish(report, setting, rows, participants, together):
    """Writes the whole report, the chart, and the chart with a short table into README.md."""
    readme = README.read_text()
    if not BLOCK.search(readme):
        raise Failure(f"{README} has no place for the results")
    RESULTS.write_text("# Results of `Benchmarks/bench --publish`\n\n" + report.text())
    CHART.write_text(chart.draw(rows, participants, together))
    README.write_text(BLOCK.sub(lambda marks: marks[1] + short(setting, rows, participants) + marks[2], readme))


def short(setting, rows, participants):
    """Returns the chart and the table of medians for README.md."""
    shown = [row for row in rows if SHORT.fullmatch(row.name)]
    medians = [row.of_medians() for row in shown]
    lines = [f"![Bar chart of the medians](docs/{CHART.name})", "", setting + f" The figures are medians; [{RESULTS.name}](Benchmarks/{RESULTS.name}) has all rows.", "",
             "| | " + " | ".join(p.label for p in participants) + " |", "|---|" + "---:|" * len(participants),
             *(f"| {row.name} | " + " | ".join(row.cell(p.name) for p in participants) + " |" for row in medians), ""]
    _, first, *others = [p.name for p in participants]
    return "\n".join(lines + behind_in_words(medians, first, others)) + "\n"
