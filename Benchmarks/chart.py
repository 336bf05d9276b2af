"""The bar chart of the medians, as SVG. It has no background of its own and only colours that are legible on white and on black,
because a page can't tell the picture which of them it has."""

from xml.sax.saxutils import escape

# Rows side by side, with one scale for both.
PAIRS = [
    ("plain, run, warm", "plain, run, cold"),
    ("docker, create + start + delete, warm", "docker, create + start + delete, cold"),
    ("plain, exec, warm", "plain, exec, cold"),
    ("plain, run, {} at once", "docker, run, {} at once"),
]
TEXT, FIRST, OTHER, FLOOR = "#76808c", "#dd6b10", "#4d8fd6", "#76808c"
COLUMN, BAR, GAP, LABEL, VALUE = 400, 15, 5, 112, 84
STYLE = f"text{{font:12px system-ui,sans-serif;fill:{TEXT}}} .title{{font-weight:600;font-size:13px}}"


def group(row, participants, x, y, longest):
    """The bars of one row. Only runtimes have a path, floors have none."""
    first = next(p for p in participants if hasattr(p, "path"))
    yield f'<text class="title" x="{x}" y="{y + 12}">{escape(row.name)}</text>'
    y += 20
    room = COLUMN - LABEL - VALUE - 20
    for number, participant in enumerate(p for p in participants if p.name in row.values):
        value = row.values[participant.name][0]
        width = max(1, value / longest * room)
        is_floor = not hasattr(participant, "path")
        paint = f'fill="none" stroke="{FLOOR}"' if is_floor else f'fill="{FIRST if participant is first else OTHER}"'
        yield f'<text x="{x + LABEL - 6}" y="{y + 12}" text-anchor="end">{escape(participant.name)}</text>'
        yield f'<rect x="{x + LABEL}" y="{y + 1}" width="{width:.1f}" height="{BAR - 2}" rx="2" {paint}/>'
        yield f'<text x="{x + LABEL + width + 6:.1f}" y="{y + 12}">{row.text(value)}</text>'
        y += BAR + GAP


def draw(rows, participants, together):
    """Returns the chart of those rows that PAIRS names. The participants are the floors, the first runtime, the others."""
    found = {row.name: row for row in rows}
    parts, height = [], 4
    for names in PAIRS:
        pair = [found[name] for name in (n.format(together) for n in names) if name in found]
        if not pair:
            continue
        longest = max(values[0] for row in pair for values in row.values.values())
        for column, row in enumerate(pair):
            parts += group(row, participants, 6 + column * COLUMN, height, longest)
        height += 20 + max(len(row.values) for row in pair) * (BAR + GAP) + 14
    names = ", ".join(p.label for p in participants)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * COLUMN} {height}" width="{2 * COLUMN}" '
            f'height="{height}" role="img">\n<title>Medians in milliseconds: {escape(names)}</title>\n<style>{STYLE}</style>\n'
            + "\n".join(parts) + "\n</svg>\n")
