"""Tables in Markdown, and in words where the first runtime is behind."""

import dataclasses
import itertools
import math
import statistics

MARK = "▲"
STATISTICS = ("median", "99th percentile")


@dataclasses.dataclass
class Row:
    """A row of figures, of which a smaller one is better: for each participant's name a median and perhaps a 99th percentile, or
    None where there is nothing. Of times, it also has those of each round."""
    name: str
    unit: str
    values: dict
    rounds: dict = dataclasses.field(default_factory=dict)

    def cell(self, participant):
        return self.text(*self.values.get(participant, ()))

    def text(self, *values):
        """The values with the unit, with two digits after the point if there is one."""
        numbers = ["–" if value is None else f"{value:.2f}" if self.unit else str(value) for value in values]
        return " / ".join(numbers) + f" {self.unit}" * bool(self.unit and any(value is not None for value in values))

    def of_medians(self):
        return Row(self.name, self.unit, {name: values[:1] for name, values in self.values.items()})

    def losses(self, first, others):
        """Yields (statistic, other) for each of the others that is better than the first one."""
        for index, value in enumerate(self.values[first]):
            for other in others:
                peer = self.values[other][index]
                if None not in (value, peer) and peer < value:
                    yield index, other

    def ratio(self, first, others):
        """The first one's median as a multiple of the best of the others. In brackets: the quartiles of the single rounds'
        ratios."""
        best = min((other for other in others if self.values[other][0]), key=lambda other: self.values[other][0], default=None)
        if best is None or not self.values[first][0]:
            return "–"
        text = f"{self.values[first][0] / self.values[best][0]:.2f}"
        ratios = [ours / theirs for ours, theirs in zip(self.rounds.get(first, ()), self.rounds.get(best, ()))]
        if len(ratios) < 4:
            return text
        lower, _, upper = statistics.quantiles(ratios, n=4)
        return f"{text} ({lower:.2f}–{upper:.2f})"


def figures(samples):
    """The median and the 99th percentile of times: the smallest one that 99 % don't exceed."""
    times = sorted(time for time, *_ in samples)
    return statistics.median(times), times[math.ceil(0.99 * len(times)) - 1]


def markdown(columns, rows, alignment="---:"):
    """Yields the lines of a table."""
    yield "| " + " | ".join(columns) + " |"
    yield "|---|" + f"{alignment}|" * (len(columns) - 1)
    for cells in rows:
        yield "| " + " | ".join(cells) + " |"


def comparison(participants, runtimes, rows):
    """Yields the lines of a table of rows, with a mark on those where the first runtime is behind another, and beneath it these
    cases in words."""
    first, *others = [runtime.name for runtime in runtimes]
    kept = []

    def cells():
        for row in rows:
            kept.append(row)
            behind = any(True for _ in row.losses(first, others))
            yield [row.name + f" {MARK}" * behind, *(row.cell(p.name) for p in participants),
                   *([row.ratio(first, others)] if others else [])]

    yield from markdown(["", *(p.label for p in participants), *([f"{first} / best other"] if others else [])], cells())
    if others:
        yield ""
        yield from behind_in_words(kept, first, others)


def behind_in_words(rows, first, others):
    """Lines that say in which rows the first runtime is behind."""
    lines = []
    for row in rows:
        for index, other in row.losses(first, others):
            statistic = f" ({STATISTICS[index]})" if len(row.values[first]) > 1 else ""
            lines.append(f"- {row.name}: {row.text(row.values[first][index])}, {other} "
                         f"{row.text(row.values[other][index])}{statistic}")
    if not lines:
        return [f"{first} is behind no other runtime in any row of this table."]
    return [f"{MARK} {first} is behind another runtime here:", "", *lines]


class Report:
    """Prints as it goes, and keeps the text and the rows."""

    def __init__(self):
        self.lines = []
        self.rows = []

    def say(self, line):
        self.lines.append(line)
        print(line, flush=True)

    def section(self, title, lines):
        for line in itertools.chain(("", title, ""), lines):
            self.say(line)

    def comparison(self, title, participants, runtimes, rows):
        def kept():
            for row in rows:
                self.rows.append(row)
                yield row

        self.section(title, comparison(participants, runtimes, kept()))

    def text(self):
        return "\n".join(self.lines).strip() + "\n"
