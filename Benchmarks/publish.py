"""Writes one run's results where readers look for them, so that all of them come from the same run."""

import re
import textwrap

import chart
from bundles import HERE
from report import comparison
from runtimes import Failure

RESULTS = HERE / "RESULTS.md"
SYSTEMD_RESULTS = HERE / "RESULTS-systemd.md"
CHART = HERE.parent / "docs/benchmark.svg"
README = HERE.parent / "README.md"
BLOCK = re.compile(r"(<!-- Benchmarks/bench --publish writes this -->\n).*?(<!-- end -->)", re.S)
# The rows of the table in README.md.
SHORT = re.compile(r"plain, (run|exec), .*|docker, (create|exec).*|docker, run, \d+ at once|docker, peak.*|`state`, instr.*")


def publish(report, setting, identities, participants, options):
    """Writes the whole report. That of a run without systemd also becomes the chart, and short tables in README.md."""
    if options.systemd:
        SYSTEMD_RESULTS.write_text("# Results of `Benchmarks/bench --systemd --publish`\n\n" + report.text())
        return
    readme = README.read_text()
    if not BLOCK.search(readme):
        raise Failure(f"{README} has no place for the results")
    RESULTS.write_text("# Results of `Benchmarks/bench --publish`\n\n" + report.text())
    CHART.write_text(chart.draw(report.rows, participants, options.together))
    text = short(report.rows, setting, identities, participants)
    README.write_text(BLOCK.sub(lambda marks: marks[1] + text + marks[2], readme))


def short(rows, setting, identities, participants):
    """Returns the chart and the table of medians for README.md."""
    introduction = (f"{setting} The figures are medians; [{RESULTS.name}](Benchmarks/{RESULTS.name}) has all rows, with 99th "
                    "percentiles. The last column of the second table says what a created container's first process runs from.")
    medians = [row.of_medians() for row in rows if SHORT.fullmatch(row.name)]
    return "\n".join([f"![Bar chart of the medians](docs/{CHART.name})", "", *textwrap.wrap(introduction, 127), "",
                      *comparison(participants, participants[1:], medians), "", *identities]) + "\n"
